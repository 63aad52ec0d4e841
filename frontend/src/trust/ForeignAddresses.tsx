import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useToken } from "../chain/useToken.ts";
import { CheckField } from "../ui/Field.tsx";
import { Notice } from "../ui/parts.tsx";
import { Said } from "../ui/Said.tsx";
import type { Foreign } from "./foreign.ts";
import { byAddress } from "./foreign.ts";
import type { ForeignConsent } from "./useForeign.ts";

/**
 * The foreign addresses, each in full with its roles, beside what the address book has, and a box that must be ticked for
 * each that could cost the reader. Nothing where there are none.
 */
export function ForeignAddresses({
  consent: { foreign, confirmed, confirm, isGiven },
}: {
  readonly consent: ForeignConsent;
}): ReactElement {
  if (foreign.length === 0) return <></>;
  return (
    <Notice tone={isGiven ? "wait" : "bad"}>
      <p>
        <strong>The address book of this page does not vouch for what is named here.</strong> Whoever holds
        these addresses can do what stands beside each. Go on only where you know from elsewhere whose they
        are.
      </p>
      {[...byAddress(foreign)].map(([address, roles]) => (
        <div key={address} className="stack-tight foreign">
          <ul>
            {roles.map((each) => (
              <li key={each.role}>
                <Role foreign={each} />
              </li>
            ))}
          </ul>
          {roles.some(({ mustConfirm }) => mustConfirm) ? (
            <CheckField
              label={`I know and trust ${address}`}
              checked={confirmed.has(address)}
              onChange={(isConfirmed) => confirm(address, isConfirmed)}
            />
          ) : (
            <code className="long">{address}</code>
          )}
        </div>
      ))}
    </Notice>
  );
}

function Role({
  foreign: { role, address, expected, power, isPublisher, isToken },
}: {
  readonly foreign: Foreign;
}): ReactElement {
  return (
    <>
      The {role}
      {isPublisher && ", the task’s own publisher,"} {power.replaceAll("'", "’")}.{" "}
      {isToken && <TokenName address={address} />}
      <span className="card-note">
        The address book has{" "}
        {expected === undefined ? "none for this" : <code className="long">{expected}</code>}.
      </span>
    </>
  );
}

function TokenName({ address }: { readonly address: Hex }): ReactElement {
  const token = useToken(address);
  return token === undefined ? (
    <>No token answers there. </>
  ) : (
    <>
      It calls itself <Said text={token.symbol} />.{" "}
    </>
  );
}
