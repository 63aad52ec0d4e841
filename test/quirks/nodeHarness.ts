import { pino, type Logger } from "pino";
import type { NodeConfig } from "#node/setup/nodeConfig";
import type { NodeStatus } from "#node/status/nodeStatus";
import type { FederationNode } from "../integration/localFederation.ts";

/** What nodes write to their log and publish as their status, and a way to wait for either. */
export class Witness {
  readonly lines: Record<string, unknown>[] = [];
  /** The same, as they were written. */
  readonly texts: string[] = [];
  readonly logger: Logger;
  status: NodeStatus | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(level = "info") {
    const write = (line: string): void => {
      this.texts.push(line);
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#wake();
    };
    this.logger = pino({ level, base: null }, { write });
  }

  /** To be called with each status. */
  readonly see = (status: NodeStatus): void => {
    this.status = status;
    this.#wake();
  };

  /** Lines with this message, of one node if one is given. */
  said(message: string, node?: number): Record<string, unknown>[] {
    return this.lines.filter(
      ({ msg, node: from }) => msg === message && (node === undefined || from === node),
    );
  }

  /** Resolves once the condition holds, which is asked after each line and status. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** A node with some of its configuration changed. */
export function changed(node: FederationNode, config: Partial<NodeConfig>): FederationNode {
  return { ...node, config: { ...node.config, ...config } };
}
