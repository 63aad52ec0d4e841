import type { ChainSource } from "#audit/reading/chainSource";
import { INTERFACES } from "#audit/reading/contracts";
import type { Deployment } from "#audit/reading/contracts";
import { UNDECODABLE, decodeLog } from "#audit/reading/decodeLog";
import type { DecodedLog } from "#audit/reading/decodeLog";
import type { ChainLog } from "#protocol/events/chainLog";
import type { ConcordatEvent, Named } from "#protocol/events/concordatEvent";
import { contractFinder } from "#protocol/events/contracts";
import type { ContractName } from "#protocol/events/contracts";
import type { Hex } from "#protocol/ids";

/** One lie about one event: `change` gives other arguments, or undefined to leave the event out. */
export interface Lie {
  readonly event: string;
  /** The first event of this name for which it is true; the first of all by default. */
  readonly where?: (args: Args) => boolean;
  readonly change: (args: Args) => Args | undefined;
}

/** An event's arguments by name, as loosely as a liar may set them. */
export type Args = Readonly<Record<string, unknown>>;

/** Values as the ABI has them: every integer a bigint. */
type Exact<T> = T extends boolean | string | bigint
  ? T
  : T extends number
    ? bigint
    : T extends readonly (infer Item)[]
      ? readonly Exact<Item>[]
      : { readonly [K in keyof T]: Exact<T[K]> };

/** Typed access to the arguments of an event of this name. */
export function argsOf<Name extends ConcordatEvent["name"]>(
  _name: Name,
  args: Args,
): Exact<Named<ConcordatEvent, Name>["args"]> {
  return args as Exact<Named<ConcordatEvent, Name>["args"]>;
}

/** Answers every question once and then from memory: the chain of a finished scenario does not change. */
export function rememberedSource(source: ChainSource): ChainSource {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const answer = known.get(key) ?? ask();
    known.set(key, answer);
    return answer as Promise<T>;
  };
  return {
    chainId: () => once("chain", () => source.chainId()),
    latestBlock: () => once("latest", () => source.latestBlock()),
    logs: (addresses, from, to) =>
      once(`logs ${addresses.join()} ${from} ${to}`, () => source.logs(addresses, from, to)),
    block: (number) => once(`block ${number}`, () => source.block(number)),
    call: (to, data, block) => once(`call ${to} ${data} ${block}`, () => source.call(to, data, block)),
    code: (account, block) => once(`code ${account} ${block}`, () => source.code(account, block)),
    close: () => source.close(),
  };
}

interface ToldEvent extends DecodedLog {
  readonly contract: ContractName;
}

/** The same chain with one event changed or left out, and the block in which it stands. */
export async function liedSource(
  source: ChainSource,
  deployment: Deployment,
  lie: Lie,
): Promise<{ readonly source: ChainSource; readonly block: number }> {
  const contractAt = contractFinder(deployment.contracts);
  const read = (log: ChainLog): ToldEvent | undefined => {
    const contract = contractAt(log.address);
    const event = contract === undefined ? undefined : decodeLog(contract, log);
    if (contract === undefined || event === undefined || event.name === UNDECODABLE) return undefined;
    return { contract, ...event };
  };
  const logs = await source.logs(Object.values(deployment.contracts), 0, await source.latestBlock());
  const target = logs.find((log) => {
    const event = read(log);
    return event?.name === lie.event && (lie.where?.(event.args) ?? true);
  });
  const event = target && read(target);
  if (target === undefined || event === undefined) throw new Error(`The scenario has no such ${lie.event}`);
  const changed = lie.change(event.args);
  const told = changed === undefined ? [] : [{ ...target, ...encode(event, changed) }];
  const isTarget = (log: ChainLog): boolean =>
    log.blockNumber === target.blockNumber && log.logIndex === target.logIndex;
  return {
    block: target.blockNumber,
    source: {
      ...source,
      logs: async (addresses, from, to) =>
        (await source.logs(addresses, from, to)).flatMap((log) => (isTarget(log) ? told : [log])),
    },
  };
}

function encode(event: ToldEvent, args: Args): Pick<ChainLog, "topics" | "data"> {
  const fragment = INTERFACES[event.contract].getEvent(event.name);
  if (fragment === null) throw new Error(`${event.contract} has no event ${event.name}`);
  const values = fragment.inputs.map((input) => args[input.name]);
  const { topics, data } = INTERFACES[event.contract].encodeEventLog(fragment, values);
  return { topics: topics as Hex[], data: data as Hex };
}
