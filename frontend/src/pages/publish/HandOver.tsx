import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useConfig } from "wagmi";
import { getWalletClient } from "wagmi/actions";
import type { NamedBytes } from "../../../../oracle-nodes/src/learning/taskFiles.ts";
import type { Address } from "../../../../protocol/ids.ts";
import { MAX_GRANT_SECONDS, UPLOAD_TYPES, uploadDomain } from "../../../../protocol/uploadGrant.ts";
import { Failed } from "../../app/Failed.tsx";
import type { Gateway } from "../../artifacts/gateways.ts";
import { useGateways } from "../../artifacts/useGateways.ts";
import { useFederation } from "../../chain/useFederation.ts";
import { bytes, duration } from "../../ui/format.ts";
import { Button } from "../../ui/parts.tsx";
import { useContractAccount } from "../../wallet/contractAccount.ts";
import { useWallet } from "../../wallet/useWallet.ts";
import { uploadFile, uploadOffer } from "./uploadFile.ts";

interface Props {
  readonly files: readonly NamedBytes[];
  readonly stored: boolean;
  readonly onStored: (stored: boolean) => void;
}

/** Nodes whose operators take files from the reader's account: no terminal, and no node of one's own, is needed. */
export function HandOver({ files, stored, onStored }: Props): ReactElement {
  const { store } = useFederation();
  const { account } = useWallet();
  const isContract = useContractAccount(account);
  const gateways = useGateways().filter(
    ({ nodeId, unreachable }) => nodeId !== undefined && unreachable === undefined,
  );
  const offers = useQuery({
    queryKey: ["upload offers", account, gateways.map(({ origin }) => origin)],
    enabled: account !== undefined && gateways.length > 0,
    queryFn: async () => {
      const asked = await Promise.all(
        gateways.map(async (gateway) => ({
          gateway,
          offer: await uploadOffer(gateway.origin, account ?? ""),
        })),
      );
      return asked.flatMap(({ gateway, offer }) =>
        offer === undefined || offer.chainId !== store.network.chainId ? [] : [{ gateway, offer }],
      );
    },
  });
  const size = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (account === undefined) {
    return (
      <p className="card-note">
        Connect a wallet: the page then asks which nodes take the files from your account.
      </p>
    );
  }
  if (offers.data === undefined) {
    return gateways.length === 0 ? (
      <></>
    ) : (
      <p className="card-note">Asking which nodes take files from you…</p>
    );
  }
  if (offers.data.length === 0) {
    return (
      <p className="card-note">
        None of the {gateways.length} nodes that this page reaches takes files from your account. An operator
        lists it under <code>uploads</code> in node.yaml.
      </p>
    );
  }
  return (
    <div className="stack-tight">
      {isContract && (
        <p className="card-note">
          Your account is a contract, which cannot sign for this: use the files below.
        </p>
      )}
      {offers.data.map(({ gateway, offer }) => (
        <div key={gateway.origin} className="stack-tight">
          <Hand
            gateway={gateway}
            files={files}
            size={size}
            disabled={stored || isContract || offer.freeBytes < size}
            onStored={onStored}
          />
          <p className="card-note">
            {offer.freeBytes < size
              ? `It takes ${bytes(offer.freeBytes)} more from you, and both have ${bytes(size)}.`
              : `Your wallet signs once, and nothing is sent to the chain. It keeps both for ${duration(offer.keepSeconds)}, and for good once a task names them.`}
          </p>
        </div>
      ))}
    </div>
  );
}

function Hand({
  gateway: { nodeId, origin },
  files,
  size,
  disabled,
  onStored,
}: Pick<Props, "files" | "onStored"> & {
  readonly gateway: Gateway;
  readonly size: number;
  readonly disabled: boolean;
}): ReactElement {
  const { store } = useFederation();
  const config = useConfig();
  const give = useMutation({
    mutationFn: async () => {
      const { chainId, addressBook } = store.network;
      const wallet = await getWalletClient(config, { chainId });
      const grant = {
        account: wallet.account.address as Address,
        digests: files.map(({ digest }) => digest),
        bytes: size,
        // A minute less than is allowed, for clocks that differ.
        expires: Math.floor(Date.now() / 1000) + MAX_GRANT_SECONDS - 60,
      };
      const signature = await wallet.signTypedData({
        account: wallet.account,
        domain: uploadDomain(chainId, addressBook.contracts.NodeRegistry),
        types: UPLOAD_TYPES,
        primaryType: "Upload",
        message: { ...grant, bytes: BigInt(grant.bytes), expires: BigInt(grant.expires) },
      });
      for (const file of files) await uploadFile(origin, file, { ...grant, signature });
    },
    onSuccess: () => onStored(true),
  });
  return (
    <>
      <div className="row">
        <Button look="primary" disabled={disabled || give.isPending} onClick={() => give.mutate()}>
          {give.isPending ? "Handing over…" : `Hand both to node ${nodeId}`}
        </Button>
        {give.isSuccess && (
          <span role="status">Node {nodeId} has both, and serves them to whoever asks.</span>
        )}
      </div>
      {give.error !== null && <Failed error={give.error} />}
    </>
  );
}
