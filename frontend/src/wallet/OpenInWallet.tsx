import { Fragment } from "react";
import type { ReactElement } from "react";
import { mobileLinks } from "./mobileLinks.ts";

/** How a phone's wallet gets to this very page: links on the phone itself, else why there are none. */
export function OpenInWallet(): ReactElement {
  const links = mobileLinks(location.href);
  if (links.length === 0) {
    return (
      <p>
        A wallet’s app on a phone opens only pages at https addresses, and this page is not at one, so there
        is no link to open it there.
      </p>
    );
  }
  if (!matchMedia("(pointer: coarse)").matches) {
    return <p>Your wallet is on a phone? Open this page there: it then has links into wallets’ apps.</p>;
  }
  return (
    <p>
      Or open this page in your wallet’s own browser:{" "}
      {links.map(({ name, href }, index) => (
        <Fragment key={name}>
          {index > 0 && ", "}
          <a href={href} rel="noreferrer">
            {name}
          </a>
        </Fragment>
      ))}
      .
    </p>
  );
}
