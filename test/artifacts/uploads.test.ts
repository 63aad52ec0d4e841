import { expect } from "chai";
import { Wallet } from "ethers";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHeliaStore } from "../../oracle-nodes/src/artifacts/heliaStore.ts";
import type { ArtifactStore } from "../../oracle-nodes/src/artifacts/artifactStore.ts";
import { Uploads } from "../../oracle-nodes/src/artifacts/uploads.ts";
import { digestOf } from "../../protocol/contentAddress.ts";
import type { Address, Digest } from "../../protocol/ids.ts";
import { GRANT_HEADER, MAX_GRANT_SECONDS, UPLOAD_TYPES, uploadDomain } from "../../protocol/uploadGrant.ts";
import type { UploadOffer } from "../../protocol/uploadGrant.ts";

const REGISTRY = `0x${"11".repeat(20)}` as Address;
const CHAIN = 31_337;
const QUOTA = 5000;
const KEEP = 100;

describe("files that publishers hand to a node", () => {
  const listed = Wallet.createRandom();
  const stranger = Wallet.createRandom();
  let dir: string;
  let store: ArtifactStore;
  let uploads: Uploads | undefined;
  let origin: string;
  let now = 1_000_000;
  let named: readonly Digest[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-uploads-"));
    store = await createHeliaStore({ dir: join(dir, "store"), uploads: () => uploads });
    const port = /tcp\/(\d+)\/http/.exec(store.endpoints())?.[1];
    origin = `http://127.0.0.1:${port}`;
  });

  beforeEach(async () => {
    await rm(join(dir, "uploads.json"), { force: true });
    named = [];
    uploads = await open();
  });

  after(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("are taken from accounts that the operator lists, and served to whoever asks", async () => {
    const bytes = filled(1, 1200);
    expect(await offer(listed.address)).to.include({ accepts: true, freeBytes: QUOTA, keepSeconds: KEEP });
    expect(await send(bytes)).to.equal(201);
    expect(await store.has(await digestOf(bytes))).to.equal(true);
    expect(await offer(listed.address)).to.include({ freeBytes: QUOTA - 1200 });
    // The same once more is the same.
    expect(await send(bytes)).to.equal(201);
    expect(await offer(listed.address)).to.include({ freeBytes: QUOTA - 1200 });
    expect(await offer(stranger.address)).to.include({ accepts: false, freeBytes: 0 });
  });

  it("allow pages of every origin, with the header that carries the grant", async () => {
    const response = await fetch(`${origin}/uploads`, { method: "OPTIONS" });
    expect(response.status).to.equal(204);
    expect(response.headers.get("access-control-allow-origin")).to.equal("*");
    expect(response.headers.get("access-control-allow-headers")).to.contain(GRANT_HEADER);
    expect(response.headers.get("access-control-allow-methods")).to.contain("POST");
  });

  for (const [name, change, status] of [
    ["of an account that is not listed", { signer: stranger, account: stranger.address }, 403],
    ["signed by another account", { signer: stranger }, 401],
    ["signed for another chain", { chainId: 1 }, 401],
    ["too old", { expires: -1 }, 401],
    ["signed too far ahead", { expires: MAX_GRANT_SECONDS + 60 }, 401],
    ["for another file", { digests: [`0x${"22".repeat(32)}`] }, 400],
    ["for fewer bytes", { bytes: 10 }, 413],
    ["without a grant", { header: "" }, 401],
    ["with a grant that is none", { header: "e30=" }, 401],
  ] as const) {
    it(`are refused ${name}, and nothing is kept`, async () => {
      const bytes = filled(2, 1000);
      expect(await send(bytes, change as Change)).to.equal(status);
      expect(await store.has(await digestOf(bytes))).to.equal(false);
      expect(await offer(listed.address)).to.include({ freeBytes: QUOTA });
    });
  }

  it("are refused where the bytes are not what the digest names", async () => {
    const response = await post(filled(3, 1000), await digestOf(filled(4, 1000)), {});
    expect(response.status).to.equal(422);
    expect(await offer(listed.address)).to.include({ freeBytes: QUOTA });
  });

  it("count against the quota while they come, so that many at once do not pass it", async () => {
    const files = [5, 6, 7, 8].map((byte) => filled(byte, 2000));
    const answers = await Promise.all(files.map((bytes) => send(bytes)));
    expect(answers.toSorted()).to.deep.equal([201, 201, 413, 413]);
    // Over a restart of the node, too.
    uploads = await open();
    expect(await offer(listed.address)).to.include({ freeBytes: QUOTA - 4000 });
  });

  it("go when their time is over, unless a task names them, and free their place", async () => {
    const [kept, lost] = [filled(9, 700), filled(10, 800)];
    for (const bytes of [kept, lost]) expect(await send(bytes)).to.equal(201);
    named = [await digestOf(kept)];
    now += KEEP;
    await uploads?.sweep();
    expect(await store.has(await digestOf(kept))).to.equal(true);
    expect(await store.has(await digestOf(lost))).to.equal(false);
    expect(await offer(listed.address)).to.include({ freeBytes: QUOTA });
    expect(JSON.parse(await readFile(join(dir, "uploads.json"), "utf8"))).to.deep.equal([]);
  });

  interface Change {
    readonly signer?: Wallet;
    readonly account?: string;
    readonly chainId?: number;
    /** Seconds from now. */
    readonly expires?: number;
    readonly digests?: readonly string[];
    readonly bytes?: number;
    readonly header?: string;
  }

  async function send(bytes: Uint8Array, change: Change = {}): Promise<number> {
    return (await post(bytes, await digestOf(bytes), change)).status;
  }

  async function post(bytes: Uint8Array, digest: string, change: Change): Promise<Response> {
    const { signer = listed, account = listed.address, chainId = CHAIN, expires = 60, header } = change;
    const grant = {
      account,
      digests: change.digests ?? [digest],
      bytes: change.bytes ?? bytes.length,
      expires: now + expires,
    };
    const signature = await signer.signTypedData(
      uploadDomain(chainId, REGISTRY),
      { Upload: [...UPLOAD_TYPES.Upload] },
      grant,
    );
    const text = header ?? Buffer.from(JSON.stringify({ ...grant, signature })).toString("base64");
    return fetch(`${origin}/uploads?digest=${digest}`, {
      method: "POST",
      headers: { [GRANT_HEADER]: text },
      body: bytes as BodyInit,
    });
  }

  async function offer(account: string): Promise<UploadOffer> {
    return (await (await fetch(`${origin}/uploads?account=${account}`)).json()) as UploadOffer;
  }

  function open(): Promise<Uploads> {
    return Uploads.open(
      {
        accounts: [listed.address.toLowerCase()],
        quotaBytes: QUOTA,
        keepSeconds: KEEP,
        chainId: CHAIN,
        nodeRegistry: REGISTRY,
        file: join(dir, "uploads.json"),
        isNamed: async (digest) => named.includes(digest),
        now: () => now,
      },
      store,
    );
  }
});

function filled(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}
