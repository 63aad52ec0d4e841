import type { Federation } from "../federation.ts";
import { fund, testNode } from "../federation.ts";
import type { GasRecorder } from "./gasRecorder.ts";

const ENCRYPTION_KEY = `0x${"ab".repeat(32)}`;
const ENDPOINTS = "/dns4/a.example/tcp/8080/http /dns4/a.example/tcp/4001/ws";

/** Every action of the node registry, in a federation of six founders: four votes admit or remove, three refuse. */
export async function recordNodeActions(federation: Federation, recorder: GasRecorder): Promise<void> {
  const registry = federation.contracts.nodeRegistry;
  const by = (index: number) => registry.connect(federation.node(index).operator);
  const record = (action: string, sent: ReturnType<typeof registry.resign>) =>
    recorder.record(`NodeRegistry.${action}`, sent);

  const applicant = testNode(federation.connection, 101);
  await fund(federation.connection, applicant.operator.address);
  const apply = registry.connect(applicant.operator);
  await record(
    "applyForAdmission",
    apply.applyForAdmission(applicant.signer.address, ENCRYPTION_KEY, ENDPOINTS),
  );
  await record("vote: first approval", by(1).vote(1, true));
  await record("vote: later approval", by(2).vote(1, true));
  await by(3).vote(1, true);
  await record("vote: approval that admits", by(4).vote(1, true));

  await record("proposeRemoval", by(1).proposeRemoval(2));
  for (const voter of [1, 2, 3]) await by(voter).vote(2, true);
  await record("vote: approval that removes", by(4).vote(2, true));

  await by(1).proposeRemoval(3);
  await record("vote: first rejection", by(1).vote(3, false));
  await by(4).vote(3, false);
  await record("vote: rejection that closes", by(5).vote(3, false));

  const keys = testNode(federation.connection, 102);
  await record("setSigner", by(1).setSigner(keys.signer.address));
  await record("setEndpoints: longer ones", by(1).setEndpoints(ENDPOINTS));
  await record("setEncryptionKey: the first", by(1).setEncryptionKey(ENCRYPTION_KEY));
  await record("setEncryptionKey: another", by(1).setEncryptionKey(`0x${"cd".repeat(32)}`));
  await record("resign", by(1).resign());
}
