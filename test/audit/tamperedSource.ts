import type { ChainSource, RawLog } from "../../audit/chainSource.ts";
import { INTERFACES } from "../../audit/contracts.ts";
import type { ContractName, Deployment } from "../../audit/contracts.ts";
import { UNDECODABLE } from "../../audit/decodeLog.ts";
import type { AuditEvent, Named } from "../../audit/eventLog.ts";
import { decodeEvent } from "../../audit/eventLog.ts";

/** One lie about one event: `change` gives other arguments, or undefined to leave the event out. */
export interface Lie {
  readonly event: string;
  /** The first event of this name for which it is true; the first of all by default. */
  readonly where?: (args: Args) => boolean;
  readonly change: (args: Args) => Args | undefined;
}

/** An event's arguments by name, as loosely as a liar may set them. */
export type Args = Readonly<Record<string, unknown>>;

/** Typed access to the arguments of an event of this name. */
export function argsOf<Name extends AuditEvent["name"]>(
  _name: Name,
  args: Args,
): Named<AuditEvent, Name>["args"] {
  return args as Named<AuditEvent, Name>["args"];
}

/** Answers every question once and then from memory: the chain of a finished story does not change. */
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

/** The same chain with one event changed or left out, and the block in which it stands. */
export async function liedSource(
  source: ChainSource,
  deployment: Deployment,
  lie: Lie,
): Promise<{ readonly source: ChainSource; readonly block: number }> {
  const names = new Map(
    Object.entries(deployment.contracts).map(([name, at]) => [at.toLowerCase(), name as ContractName]),
  );
  const read = (log: RawLog): AuditEvent | undefined => {
    const contract = names.get(log.address.toLowerCase());
    const event = contract === undefined ? undefined : decodeEvent(contract, log);
    return event?.name === UNDECODABLE ? undefined : event;
  };
  const logs = await source.logs(Object.values(deployment.contracts), 0, await source.latestBlock());
  const target = logs.find((log) => {
    const event = read(log);
    return event?.name === lie.event && (lie.where?.(event.args as unknown as Args) ?? true);
  });
  const event = target && read(target);
  if (target === undefined || event === undefined) throw new Error(`The story has no such ${lie.event}`);
  const changed = lie.change(event.args as unknown as Args);
  const told = changed === undefined ? [] : [{ ...target, ...encode(event, changed) }];
  const isTarget = (log: RawLog): boolean =>
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

function encode(event: AuditEvent, args: Args): { topics: string[]; data: string } {
  const fragment = INTERFACES[event.contract].getEvent(event.name);
  if (fragment === null) throw new Error(`${event.contract} has no event ${event.name}`);
  const values = fragment.inputs.map((input) => args[input.name]);
  const { topics, data } = INTERFACES[event.contract].encodeEventLog(fragment, values);
  return { topics, data };
}
