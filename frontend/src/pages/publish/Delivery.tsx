import { useMutation } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { NamedBytes, TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { ConcordatError } from "@concordat/protocol/errors";
import { Failed } from "#app/Failed.tsx";
import { isLoopback } from "#config/isLoopback.ts";
import type { Gateway } from "#artifacts/gateways.ts";
import { useGateways } from "#artifacts/useGateways.ts";
import { useFederation } from "#chain/useFederation.ts";
import { Copy, Hash } from "#ui/Account.tsx";
import { CheckField } from "#ui/Field.tsx";
import { bytes } from "#ui/format.ts";
import { Button, Notice } from "#ui/parts.tsx";
import { saveFile } from "#ui/saveFile.ts";
import { UploadToNodes } from "./UploadToNodes.tsx";

const NAMES = ["manifest.json", "initial-model.safetensors"] as const;
const ADD_COMMAND = `concordat artifact add ${NAMES.join(" ")} --config node.yaml`;

interface Props {
  readonly files: TaskFiles;
  readonly stored: boolean;
  readonly onStored: (stored: boolean) => void;
}

/** The task's files, and how they get to where nodes find them: into a Kubo node, or into the store of a node. */
export function Delivery({ files, stored, onStored }: Props): ReactElement {
  const { kuboRpcUrl } = useFederation().config;
  return (
    <>
      {both(files).map(([name, { bytes: content, digest }]) => (
        <div key={name} className="row">
          <strong>{name}</strong> {bytes(content.length)} <Hash value={digest} />
          <Button small onClick={() => saveFile(name, content, "application/octet-stream")}>
            Save
          </Button>
        </div>
      ))}
      <UploadToNodes files={both(files).map(([, file]) => file)} onStored={onStored} />
      {kuboRpcUrl !== undefined && (
        <PinToKubo rpcUrl={kuboRpcUrl} files={files} stored={stored} onStored={onStored} />
      )}
      {kuboRpcUrl === undefined ? (
        <NodeStore files={files} stored={stored} onStored={onStored} />
      ) : (
        <details>
          <summary>Put them into a node’s store instead</summary>
          <NodeStore files={files} stored={stored} onStored={onStored} />
        </details>
      )}
    </>
  );
}

function PinToKubo({ rpcUrl, files, stored, onStored }: Props & { readonly rpcUrl: string }): ReactElement {
  const pin = useMutation({
    mutationFn: async () => {
      const { kuboAddresses, pinToKubo } = await import("./pinToKubo.ts");
      for (const [, file] of both(files)) await pinToKubo(rpcUrl, file);
      return kuboAddresses(rpcUrl);
    },
    onSuccess: () => onStored(true),
  });
  return (
    <>
      <div className="row">
        <Button disabled={pin.isPending || stored} onClick={() => pin.mutate()}>
          {pin.isPending ? "Pinning…" : pin.isSuccess ? "Pinned" : `Pin both at ${new URL(rpcUrl).host}`}
        </Button>
      </div>
      {pin.data !== undefined && (
        <>
          <p>
            Kubo named both as the digests above say. Keep it running until nodes have fetched them; their
            operators name it under <code>providers</code> in node.yaml:
          </p>
          <ul>
            {pin.data.map((address) => (
              <li key={address}>
                <code>{address}</code> <Copy text={address} what="address" />
              </li>
            ))}
          </ul>
        </>
      )}
      {pin.error !== null && <Failed error={pin.error} />}
    </>
  );
}

function NodeStore({ files, stored, onStored }: Props): ReactElement {
  const gateways = useGateways();
  const look = useMutation({
    mutationFn: async () => {
      const served: Served[] = [];
      const { fetchArtifact } = await import("#artifacts/fetchArtifact.ts");
      for (const [name, { bytes: content, digest }] of both(files)) {
        const onServed = (gateway: Gateway): void => void served.push({ name, gateway });
        await fetchArtifact(digest, inOrder(gateways), { maxBytes: content.length, onServed }).catch(
          (cause: unknown) => {
            const hint = cause instanceof ConcordatError ? cause.hint : undefined;
            throw new ConcordatError(`No node serves ${name} to this page yet`, {
              ...(hint !== undefined && { hint }),
              cause,
            });
          },
        );
      }
      return served;
    },
    // Whether participants can have them is more than that this page can.
    onSuccess: (served) => onStored(served.every(({ gateway }) => isForOthers(gateway))),
  });
  return (
    <div className="stack-tight">
      <ol className="numbered">
        <li>Save both files above into one folder, under these names.</li>
        <li>
          In that folder, on the machine of a participating node that is not running just now:{" "}
          <code>{ADD_COMMAND}</code> <Copy text={ADD_COMMAND} what="command" />
        </li>
        <li>It prints the two digests above. Start the node: all others fetch the files from it.</li>
      </ol>
      <p className="card-note">
        If you operate no node, send the files to somebody who does; the digests tell whether they are yours.
        The task can be published before that, but starts only once nodes can fetch them.
      </p>
      <div className="row">
        <Button disabled={look.isPending} onClick={() => look.mutate()}>
          {look.isPending ? "Asking…" : "Ask the nodes for them"}
        </Button>
      </div>
      {look.data !== undefined && <ServedWords served={look.data} />}
      {look.error !== null && <Failed error={look.error} />}
      <CheckField label="The files are in a node’s store" checked={stored} onChange={onStored} />
    </div>
  );
}

function both({ manifestFile, initialModel }: TaskFiles): readonly (readonly [string, NamedBytes])[] {
  return [
    [NAMES[0], manifestFile],
    [NAMES[1], initialModel],
  ];
}

/** Who gave the page a file. */
interface Served {
  readonly name: string;
  readonly gateway: Gateway;
}

/** Nodes of the registry that others reach first: what they serve is what a participant gets. */
function inOrder(gateways: readonly Gateway[]): readonly Gateway[] {
  return gateways.toSorted((a, b) => Number(isForOthers(b)) - Number(isForOthers(a)));
}

/** Participants ask members of the registry, and reach no other machine's loopback. On one machine, they are all there. */
function isForOthers({ nodeId, origin }: Gateway): boolean {
  return nodeId !== undefined && (!isLoopback(origin) || isLoopback(location.origin));
}

function ServedWords({ served }: { readonly served: readonly Served[] }): ReactElement {
  const hidden = served.filter(({ gateway }) => !isForOthers(gateway));
  const nodes = [...new Set(served.map(({ gateway }) => gateway.nodeId))];
  if (hidden.length === 0) {
    return (
      <p role="status">
        {nodes.length === 1
          ? `Node ${nodes[0]} serves both files`
          : `Nodes ${nodes.join(" and ")} serve the files`}{" "}
        to whoever asks.
      </p>
    );
  }
  return (
    <Notice tone="wait">
      {hidden.map(({ name, gateway: { nodeId, origin } }) => (
        <p key={name}>
          {name}:{" "}
          {nodeId === undefined
            ? `only the gateway ${origin} of this page’s configuration has it. Nodes do not ask it, unless their operators name it under “providers”.`
            : `only node ${nodeId} has it, at ${origin}, which leads nobody to it but programs on its own machine.`}
        </p>
      ))}
      <p>So participants cannot have them yet. Put both into the store of a node that others reach.</p>
    </Notice>
  );
}
