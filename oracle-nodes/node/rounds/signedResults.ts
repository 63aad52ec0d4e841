import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Wallet } from "ethers";
import { z } from "zod";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import {
  typesOf,
  type AccuracyReport,
  type AggregateAttestation,
  type LocalUpdate,
  type ResultDomain,
} from "@concordat/protocol/messages/signedResults";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";

/** The values of each kind of result. */
interface Results {
  LocalUpdate: LocalUpdate;
  AccuracyReport: AccuracyReport;
  AggregateAttestation: AggregateAttestation;
}
export type ResultKind = keyof Results;

/** A result and the signature that was made for it. */
export interface Signed<K extends ResultKind> {
  readonly value: Results[K];
  readonly signature: string;
}

/**
 * What a signature is for: at most one result is ever signed for each. `attempt` counts for attestations only, `aggregate`
 * for reports: what a reorganisation put in an aggregate's place is scored anew.
 */
export interface Slot {
  readonly round: number;
  readonly retry: number;
  readonly attempt?: number;
  readonly base: Digest;
  readonly aggregate?: Digest;
}

const UPDATE_FILE = /^LocalUpdate-(\d+)-(\d+)-[0-9a-f]{16}\.json$/;

const stored = z.strictObject({
  kind: z.string(),
  value: z.record(z.string(), z.unknown()),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

/**
 * The results that a node has signed for one task, one small file each. Every signature is on the disk before anyone sees
 * it, and a slot that has one never gets another, over restarts too: a node cannot be made to equivocate.
 */
export class SignedResults {
  readonly #folder: string;
  readonly #signer: Wallet;
  readonly #domain: ResultDomain;
  /** Signing runs one after another, so that two askers cannot fill one slot. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, signer: Wallet, domain: ResultDomain) {
    this.#folder = folder;
    this.#signer = signer;
    this.#domain = domain;
  }

  static async open(folder: string, signer: Wallet, domain: ResultDomain): Promise<SignedResults> {
    await makeFolder(folder);
    return new SignedResults(folder, signer, domain);
  }

  /** What was signed for this slot, if anything. @throws {ConcordatError} when the file was damaged. */
  async find<K extends ResultKind>(kind: K, slot: Slot): Promise<Signed<K> | undefined> {
    return this.#readFile(this.#path(kind, slot));
  }

  async #readFile<K extends ResultKind>(path: string): Promise<Signed<K> | undefined> {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const { value, signature } = stored.parse(JSON.parse(text, reviveWords));
      return { value: value as unknown as Results[K], signature };
    } catch (cause) {
      throw new ConcordatError(`The signed result ${path} is damaged`, {
        hint: "Restore it from a backup; without it the node does not sign for this round again",
        cause,
      });
    }
  }

  /** All updates that were signed, in no order. */
  async updates(): Promise<Signed<"LocalUpdate">[]> {
    const names = (await readdir(this.#folder)).filter((name) => UPDATE_FILE.test(name));
    const found = await Promise.all(
      names.map((name) => this.#readFile<"LocalUpdate">(join(this.#folder, name))),
    );
    return found.filter((signed) => signed !== undefined);
  }

  /** The update that was signed for a round in its latest retry, under whatever base. */
  async latestUpdate(round: number): Promise<Signed<"LocalUpdate"> | undefined> {
    const slots = (await readdir(this.#folder)).flatMap((name) => {
      const [, signedRound, retry] = UPDATE_FILE.exec(name) ?? [];
      return Number(signedRound) === round ? [{ name, retry: Number(retry) }] : [];
    });
    const latest = slots.toSorted((a, b) => a.retry - b.retry).at(-1);
    return latest && this.#readFile<"LocalUpdate">(join(this.#folder, latest.name));
  }

  /** Signs a result, unless its slot has one already: then that one is returned, whatever it says. */
  async signOnce<K extends ResultKind>(kind: K, slot: Slot, value: Results[K]): Promise<Signed<K>> {
    const done = this.#queue.then(async (): Promise<Signed<K>> => {
      const before = await this.find(kind, slot);
      if (before !== undefined) return before;
      const signature = await this.#signer.signTypedData(this.#domain, typesOf(kind), value);
      const bytes = JSON.stringify({ kind, value, signature }, writeWords, 1);
      await writeDurably(this.#folder, [{ path: this.#path(kind, slot), bytes }]);
      return { value, signature };
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #path(kind: ResultKind, { round, retry, attempt, base, aggregate }: Slot): string {
    const parts = [
      kind,
      round,
      retry,
      ...(attempt === undefined ? [] : [attempt]),
      base.slice(2, 18),
      ...(aggregate === undefined ? [] : [aggregate.slice(2, 18)]),
    ];
    return join(this.#folder, `${parts.join("-")}.json`);
  }
}

/** 256-bit words stand as "123n", since JSON numbers cannot hold them. */
function writeWords(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

function reviveWords(_key: string, value: unknown): unknown {
  return typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}
