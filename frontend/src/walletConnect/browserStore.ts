import { ifStored } from "../app/ifStored.ts";

const PREFIX = "concordat.walletConnect/";

/**
 * What WalletConnect's client keeps over reloads: its keys and sessions. Where the browser refuses to store, they live as
 * long as the page; the client's own store would wait for ever there.
 */
export class BrowserStore {
  readonly #memory = new Map<string, string>();

  async getKeys(): Promise<string[]> {
    const stored = ifStored(() => Object.keys(localStorage), [])
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length));
    return [...new Set([...stored, ...this.#memory.keys()])];
  }

  async getEntries<T>(): Promise<[string, T][]> {
    const entries: [string, T][] = [];
    for (const key of await this.getKeys()) {
      const value = await this.getItem<T>(key);
      if (value !== undefined) entries.push([key, value]);
    }
    return entries;
  }

  async getItem<T>(key: string): Promise<T | undefined> {
    const text = this.#memory.get(key) ?? ifStored(() => localStorage.getItem(PREFIX + key), null);
    return text === null ? undefined : (JSON.parse(text) as T);
  }

  async setItem<T>(key: string, value: T): Promise<void> {
    const text = JSON.stringify(value);
    const isStored = ifStored(() => {
      localStorage.setItem(PREFIX + key, text);
      return true;
    }, false);
    if (isStored) this.#memory.delete(key);
    else this.#memory.set(key, text);
  }

  async removeItem(key: string): Promise<void> {
    this.#memory.delete(key);
    ifStored(() => localStorage.removeItem(PREFIX + key), undefined);
  }
}
