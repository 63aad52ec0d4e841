/** In a checkout: from now on this process, its threads and the processes that it starts load the workspaces' sources. */
export function useSources(): void;
