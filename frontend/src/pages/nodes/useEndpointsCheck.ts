import { useQuery } from "@tanstack/react-query";
import { explainError } from "#app/explainError.ts";

/** What is to be said of endpoints before somebody pays for publishing them. */
export interface EndpointsCheck {
  /** Why the registry should not have them; undefined while there is nothing against them. */
  readonly error: string | undefined;
  /** Who alone will reach the node there; undefined where everybody does. */
  readonly warning: string | undefined;
  /** Whether they were looked at. */
  readonly isDone: boolean;
}

/** Checks endpoints as the command line does, by the same code, which is loaded when something is typed. */
export function useEndpointsCheck(text: string): EndpointsCheck {
  const wanted = text.trim();
  const query = useQuery({
    queryKey: ["endpoints", wanted],
    enabled: wanted !== "",
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      const { checkEndpoints, localAddresses } = await import("@concordat/protocol/endpoints/endpoints");
      checkEndpoints(wanted);
      const [local] = localAddresses(wanted);
      return { local };
    },
  });
  if (wanted === "") return { error: undefined, warning: undefined, isDone: true };
  const { data, error } = query;
  return {
    error: error === null ? undefined : faultWords(error),
    warning:
      data?.local === undefined
        ? undefined
        : `${data.local.address} leads to the node only ${data.local.scope === "machine" ? "on its own machine" : "in its own network"}: others cannot fetch from it there.`,
    isDone: data !== undefined,
  };
}

function faultWords(error: unknown): string {
  const { message, hint } = explainError(error);
  return `${message} ${hint}`;
}
