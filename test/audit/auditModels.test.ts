import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { FetchHints } from "#audit/recompute/recomputeAggregates";
import type { ArtifactStore } from "#store/artifactStore";
import { createHeliaStore } from "#store/helia/heliaStore";
import { auditModels } from "#audit/recompute/auditModels";

const PATIENCE = { fetchMs: 300, silentMs: 50 };
const BYTES = Uint8Array.from({ length: 5000 }, (_, i) => i);

describe("artifacts of an audit", () => {
  const folder = mkdtempSync(join(tmpdir(), "concordat-audit-models-"));
  const gateways = [
    // One takes requests and never answers, one has lost everything, one gives wrong bytes.
    createServer(() => undefined),
    createServer((_request, response) => response.writeHead(404).end()),
    createServer((_request, response) => response.end("wrong bytes")),
  ];
  let [silent, empty, liar]: string[] = [];
  let holder: ArtifactStore;
  let auditor: ArtifactStore;
  let hints: FetchHints;
  before(async () => {
    holder = await createHeliaStore({ dir: join(folder, "holder") });
    auditor = await createHeliaStore({ dir: join(folder, "auditor") });
    const addresses = gateways.map(async (gateway) => {
      await once(gateway.listen(0, "127.0.0.1"), "listening");
      return `/ip4/127.0.0.1/tcp/${(gateway.address() as AddressInfo).port}/http`;
    });
    [silent, empty, liar] = await Promise.all(addresses);
    hints = {
      taskId: 1,
      round: 1,
      nodeId: 1,
      endpoints: [silent ?? "", empty ?? "", liar ?? "", holder.endpoints()],
      maxBytes: BYTES.length,
    };
  });
  after(async () => {
    await Promise.all([holder.close(), auditor.close()]);
    for (const gateway of gateways) {
      gateway.close();
      gateway.closeAllConnections();
    }
    rmSync(folder, { recursive: true });
  });

  it("come from whoever has them, though the maker is silent, another has lost them and a third lies", async () => {
    const digest = await holder.put(BYTES);
    const { artifacts } = auditModels(auditor, undefined, PATIENCE);
    expect(await artifacts.fetch(digest, hints)).to.deep.equal(BYTES);
    expect(await artifacts.fetch(digest, { ...hints, endpoints: [] })).to.deep.equal(BYTES);
  });

  it("are disqualified where they are larger than the terms allow, missing where nobody has them", async () => {
    const { artifacts } = auditModels(auditor, undefined, PATIENCE);
    const large = await holder.put(Uint8Array.from({ length: 6000 }, (_, i) => i + 1));
    expect(await artifacts.fetch(large, hints))
      .to.have.property("disqualified")
      .that.contains("6000 bytes");
    const lost = await holder.put(new Uint8Array(10));
    await holder.remove(lost);
    const failure = await artifacts.fetch(lost, hints).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
  });
});
