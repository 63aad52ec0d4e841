import { expect } from "chai";
import { mobileLinks } from "#frontend/wallet/mobileLinks.ts";

describe("links into wallets' apps", () => {
  const page = "https://dapp.example/some/place/?a=b&c=d#/tasks?state=open&q=a%20b";

  it("carry the whole address of the page, as each app takes it", () => {
    const links = new Map(mobileLinks(page).map(({ name, href }) => [name, href]));
    expect([...links.keys()]).to.deep.equal(["MetaMask", "Coinbase Wallet", "Trust Wallet"]);
    expect(links.get("MetaMask")).to.equal(
      "https://link.metamask.io/dapp/dapp.example/some/place/?a=b&c=d#/tasks?state=open&q=a%20b",
    );
    const coinbase = new URL(links.get("Coinbase Wallet") ?? "");
    expect([coinbase.origin, coinbase.pathname]).to.deep.equal(["https://go.cb-w.com", "/dapp"]);
    expect(coinbase.searchParams.get("cb_url")).to.equal(page);
    const trust = new URL(links.get("Trust Wallet") ?? "");
    expect([trust.origin, trust.pathname]).to.deep.equal(["https://link.trustwallet.com", "/open_url"]);
    expect([...trust.searchParams]).to.deep.equal([
      ["coin_id", "60"],
      ["url", page],
    ]);
  });

  for (const address of ["http://dapp.example/#/tasks", "http://127.0.0.1:5173/", "ipfs://bafy/#/"]) {
    it(`there are none for ${address}, which the apps would not open`, () => {
      expect(mobileLinks(address)).to.deep.equal([]);
    });
  }
});
