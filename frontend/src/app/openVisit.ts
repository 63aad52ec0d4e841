import { QueryClient } from "@tanstack/react-query";
import type { Config } from "wagmi";
import { isFinalAnswer } from "../chain/endpointFailure.ts";
import type { DappConfig } from "../config/dappConfig.ts";
import { safeParent } from "../wallet/safeParent.ts";
import { wagmiConfig } from "../wallet/wagmiConfig.ts";
import { createAppRouter } from "./router.tsx";

/** What stands from the page's load to its end. */
export interface Visit {
  readonly config: DappConfig;
  readonly wagmi: Config;
  readonly queries: QueryClient;
  readonly router: ReturnType<typeof createAppRouter>;
}

export type Opened = { readonly visit: Visit } | { readonly error: unknown };

/**
 * Makes what the visit stands on as soon as its configuration is here; never rejects. Not while rendering: React may throw
 * a first render away and begin again, and wagmi reconnects the wallet of the first of two configurations only.
 */
export async function openVisit(config: Promise<DappConfig>): Promise<Opened> {
  try {
    const value = await config;
    const safeOrigin = await safeParent(value.safeOrigins);
    const queries = new QueryClient({
      defaultOptions: { queries: { retry: (failures, error) => failures < 3 && !isFinalAnswer(error) } },
    });
    return {
      visit: { config: value, wagmi: wagmiConfig(value, safeOrigin), queries, router: createAppRouter() },
    };
  } catch (error) {
    return { error };
  }
}
