import { registerHooks } from "node:module";

/** The condition under which the workspaces' packages give their TypeScript, not what is built of it for others. */
const CONDITION = "@concordat/source";
const OPTION = `--conditions=${CONDITION}`;

/** In a checkout: from now on this process, its threads and the processes that it starts load the workspaces' sources. */
export function useSources() {
  const { NODE_OPTIONS = "" } = process.env;
  if (process.execArgv.includes(OPTION) || NODE_OPTIONS.includes(OPTION)) return;
  process.env.NODE_OPTIONS = `${NODE_OPTIONS} ${OPTION}`.trim();
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, CONDITION] }),
  });
}
