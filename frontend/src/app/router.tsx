import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { HomePage } from "../pages/HomePage.tsx";
import { TaskListPage } from "../pages/TaskListPage.tsx";
import { Failed } from "./Failed.tsx";
import { NotFound } from "./NotFound.tsx";
import { parseAuditSearch } from "../pages/audit/auditSearch.ts";
import { parseTaskSearch } from "../pages/task/taskTabs.ts";
import { parseTaskListSearch } from "../pages/tasks/taskListSearch.ts";
import { Shell } from "./Shell.tsx";

const root = createRootRoute({ component: Shell });
const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });
const work = createRoute({
  getParentRoute: () => root,
  path: "/work",
  component: lazyRouteComponent(() => import("../pages/WorkPage.tsx"), "WorkPage"),
});
const tasks = createRoute({
  getParentRoute: () => root,
  path: "/tasks",
  validateSearch: parseTaskListSearch,
  component: TaskListPage,
});
const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$taskId",
  validateSearch: parseTaskSearch,
  component: lazyRouteComponent(() => import("../pages/task/TaskPage.tsx"), "TaskPage"),
});

const nodes = createRoute({
  getParentRoute: () => root,
  path: "/nodes",
  validateSearch: (search: Readonly<Record<string, unknown>>): { readonly node?: number } =>
    typeof search["node"] === "number" ? { node: search["node"] } : {},
  component: lazyRouteComponent(() => import("../pages/NodesPage.tsx"), "NodesPage"),
});
const publish = createRoute({
  getParentRoute: () => root,
  path: "/publish",
  validateSearch: ({ step }: Readonly<Record<string, unknown>>): { readonly step?: number } =>
    typeof step === "number" && Number.isSafeInteger(step) && step > 0 ? { step } : {},
  component: lazyRouteComponent(() => import("../pages/PublishPage.tsx"), "PublishPage"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: parseAuditSearch,
  component: lazyRouteComponent(() => import("../pages/AuditPage.tsx"), "AuditPage"),
});

const tree = root.addChildren([home, work, tasks, task, nodes, publish, audit]);

/** Pages stand behind the hash, so that any host of files serves every one of them. */
export function createAppRouter() {
  return createRouter({
    routeTree: tree,
    history: createHashHistory(),
    defaultPreload: "intent",
    defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
