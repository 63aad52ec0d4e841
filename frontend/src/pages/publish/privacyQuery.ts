import { queryOptions } from "@tanstack/react-query";
import type { PrivacyRequest } from "./draftPrivacy.ts";

/** The accountant's answer, which takes seconds and is kept. */
export function privacyQuery(request: PrivacyRequest) {
  return queryOptions({
    queryKey: ["published privacy", request],
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      const { askAccountant } = await import("./askAccountant.ts");
      return askAccountant(request, signal);
    },
  });
}
