import { useMutation } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { NamedBytes, TaskFiles } from "../../../../oracle-nodes/src/learning/taskFiles.ts";
import { ConcordatError } from "../../../../protocol/errors.ts";
import { Failed } from "../../app/Failed.tsx";
import { useGateways } from "../../artifacts/useGateways.ts";
import { useFederation } from "../../chain/useFederation.ts";
import { Copy, Hash } from "../../ui/Account.tsx";
import { CheckField } from "../../ui/Field.tsx";
import { bytes } from "../../ui/format.ts";
import { Button } from "../../ui/parts.tsx";
import { saveFile } from "../../ui/saveFile.ts";
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
      const { fetchArtifact } = await import("../../artifacts/fetchArtifact.ts");
      for (const [name, { bytes: content, digest }] of both(files)) {
        await fetchArtifact(digest, gateways, { maxBytes: content.length }).catch((cause: unknown) => {
          const hint = cause instanceof ConcordatError ? cause.hint : undefined;
          throw new ConcordatError(`No node serves ${name} to this page yet`, {
            ...(hint !== undefined && { hint }),
            cause,
          });
        });
      }
    },
    onSuccess: () => onStored(true),
  });
  return (
    <div className="stack-tight">
      <ol className="numbered">
        <li>Save both files above into one folder, under these names.</li>
        <li>
          There, on the machine of a node that takes part and does not run just now:{" "}
          <code>{ADD_COMMAND}</code> <Copy text={ADD_COMMAND} what="command" />
        </li>
        <li>It prints the two digests above. Start the node: all others fetch the files from it.</li>
      </ol>
      <p className="card-note">
        You operate no node? Send the files to somebody who does; the digests tell whether they are yours. The
        task can be published before, but starts only when nodes can fetch them.
      </p>
      <div className="row">
        <Button disabled={look.isPending} onClick={() => look.mutate()}>
          {look.isPending ? "Asking…" : "Ask the nodes for them"}
        </Button>
        {look.isSuccess && <span>A node serves both files.</span>}
      </div>
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
