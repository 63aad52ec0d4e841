/** A link that opens a page in the browser of a wallet's app. */
export interface MobileLink {
  readonly name: string;
  readonly href: string;
}

/**
 * Links that open a page, with the part behind its hash, in the browsers of wallets' apps, as the apps document them. Empty
 * where the page is not at an https address: these apps open no other. Nobody is called before one is followed.
 */
export function mobileLinks(page: string): readonly MobileLink[] {
  const { protocol } = new URL(page);
  if (protocol !== "https:") return [];
  const encoded = encodeURIComponent(page);
  return [
    // Takes the address as it is, without its protocol; an encoded one opens an empty page.
    { name: "MetaMask", href: `https://link.metamask.io/dapp/${page.slice("https://".length)}` },
    { name: "Coinbase Wallet", href: `https://go.cb-w.com/dapp?cb_url=${encoded}` },
    { name: "Trust Wallet", href: `https://link.trustwallet.com/open_url?coin_id=60&url=${encoded}` },
  ];
}
