/** Milliseconds before the first attempt to reconnect; doubled with each, up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Calls `onBlock` for each block that a WebSocket endpoint announces, and `onLink` when the connection comes and goes.
 * A lost connection is made again for ever; what it missed, the next poll finds. Returns what ends it.
 */
export function followNewHeads(url: string, onBlock: () => void, onLink: (up: boolean) => void): () => void {
  let socket: WebSocket | undefined;
  let pause = FIRST_PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  const connect = (): void => {
    socket = new WebSocket(url);
    socket.addEventListener("open", () => {
      pause = FIRST_PAUSE_MS;
      socket?.send('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}');
      onLink(true);
    });
    socket.addEventListener("message", onBlock);
    socket.addEventListener("close", () => {
      onLink(false);
      if (over) return;
      timer = setTimeout(connect, pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    });
  };

  connect();
  return () => {
    over = true;
    clearTimeout(timer);
    socket?.close();
  };
}
