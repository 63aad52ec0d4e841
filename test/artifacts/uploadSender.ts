import { connect } from "node:net";
import { Wallet } from "ethers";
import type { Address, Digest } from "#protocol/ids";
import { digestOf } from "#protocol/artifacts/contentAddress";
import {
  GRANT_HEADER,
  GRANT_TYPES,
  UPLOADS_PATH,
  encodeGrant,
  grantDomain,
  type GrantedFile,
  type UploadOffer,
} from "#protocol/messages/uploads";

export const REGISTRY = `0x${"11".repeat(20)}` as Address;
export const CHAIN = 31_337;
export const NODE = 3;
export const PAGE = "https://dapp.example";

/** What a test changes about a grant, and about the request that carries it. */
export interface Change {
  readonly signer?: Wallet;
  readonly account?: string;
  readonly chainId?: number;
  readonly registry?: Address;
  readonly nodes?: readonly number[];
  readonly files?: readonly GrantedFile[];
  /** Seconds from now. */
  readonly expires?: number;
  readonly signature?: string;
  /** In place of the grant. */
  readonly header?: string;
  readonly origin?: string;
  /** The digest in the path, where it is not that of the bytes. */
  readonly path?: string;
}

/** What a node answered. */
export interface Answer {
  readonly status: number;
  readonly refused: string | undefined;
  readonly headers: Headers;
}

/** A publisher's page, as a node sees it. */
export class UploadSender {
  readonly origin: string;
  readonly #signer: Wallet;
  readonly #now: () => number;

  constructor(origin: string, signer: Wallet, now: () => number) {
    this.origin = origin;
    this.#signer = signer;
    this.#now = now;
  }

  async header(bytes: Uint8Array, change: Change = {}): Promise<string> {
    const { signer = this.#signer, chainId = CHAIN, registry = REGISTRY, nodes = [NODE] } = change;
    const files = change.files ?? [{ digest: await digestOf(bytes), size: bytes.length }];
    const account = (change.account ?? signer.address) as Address;
    const grant = { account, nodes, files, expires: this.#now() + (change.expires ?? 60) };
    const types = { Upload: [...GRANT_TYPES.Upload], UploadFile: [...GRANT_TYPES.UploadFile] };
    const signed = await signer.signTypedData(grantDomain(chainId, registry), types, grant);
    const signature = (change.signature ?? signed) as `0x${string}`;
    return change.header ?? encodeGrant({ ...grant, signature });
  }

  async send(bytes: Uint8Array, change: Change = {}): Promise<Answer> {
    const path = change.path ?? (await digestOf(bytes));
    const response = await fetch(`${this.origin}${UPLOADS_PATH}/${path}`, {
      method: "PUT",
      headers: {
        [GRANT_HEADER]: await this.header(bytes, change),
        ...(change.origin !== undefined && { origin: change.origin }),
      },
      body: bytes as BodyInit,
    });
    const body = (await response.json()) as { refused?: string };
    return { status: response.status, refused: body.refused, headers: response.headers };
  }

  async offer(account: string, origin = PAGE): Promise<UploadOffer> {
    const url = `${this.origin}${UPLOADS_PATH}?account=${account}`;
    return (await (await fetch(url, { headers: { origin } })).json()) as UploadOffer;
  }

  /** Sends a request by hand and gives what came back until the node closed. `more` says what follows once it may. */
  async raw(
    head: readonly string[],
    body: Uint8Array,
    more: (send: (bytes: Uint8Array) => void, close: () => void) => void = () => undefined,
  ): Promise<string> {
    const { hostname, port } = new URL(this.origin);
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => resolve());
      socket.on("error", () => resolve());
    });
    const [first = "", ...lines] = head;
    socket.write([first, "host: node", ...lines, "", ""].join("\r\n"));
    socket.write(body);
    more(
      (bytes) => socket.write(bytes),
      () => socket.destroy(),
    );
    await closed;
    return text;
  }
}

export function filled(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** The head of a request by hand for these bytes. */
export async function putHead(
  sender: UploadSender,
  bytes: Uint8Array,
  more: { readonly digest?: Digest | string; readonly length?: string } = {},
): Promise<string[]> {
  const digest = more.digest ?? (await digestOf(bytes));
  return [
    `PUT ${UPLOADS_PATH}/${digest} HTTP/1.1`,
    `${GRANT_HEADER}: ${await sender.header(bytes)}`,
    more.length ?? `content-length: ${bytes.length}`,
  ];
}
