import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { openVisit } from "./app/openVisit.ts";
import { loadConfig } from "./config/loadConfig.ts";
import { applyTheme } from "./ui/theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/rounds.css";
import "./styles/touch.css";

applyTheme();
const root = document.querySelector("#root");
if (root !== null) {
  const opened = openVisit(loadConfig());
  // Until there is something to show, what index.html says stands.
  await opened;
  createRoot(root).render(
    <StrictMode>
      <App opened={opened} />
    </StrictMode>,
  );
}
