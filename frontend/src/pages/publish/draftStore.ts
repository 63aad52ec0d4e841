import { useEffect, useRef, useState } from "react";
import { ifStored } from "#app/ifStored.ts";
import { NEW_DRAFT, parseDraft } from "./draft.ts";
import type { Draft } from "./draft.ts";

/** Where pages kept the one draft of all networks, once. */
const OLD_KEY = "concordat.draft";

/** Where the draft of a deployment is kept in this browser. */
export function draftKey({ chainId, taskRegistry }: { chainId: number; taskRegistry: string }): string {
  return `${OLD_KEY}.${chainId}.${taskRegistry.toLowerCase()}`;
}

/** The draft that was left here, or a new one. */
export function readDraft(key: string): Draft {
  const stored = ifStored(() => localStorage.getItem(key) ?? localStorage.getItem(OLD_KEY), null);
  return stored === null ? NEW_DRAFT : parseDraft(stored);
}

/** Keeps a draft, or forgets it. Gives false where the browser keeps nothing, or not as much. */
export function storeDraft(key: string, draft: Draft | undefined): boolean {
  return ifStored(() => {
    localStorage.removeItem(OLD_KEY);
    if (draft === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(draft));
    return true;
  }, false);
}

/** What became of the draft outside of this tab, or against the reader's will. */
export type DraftNews = "changed elsewhere" | "gone elsewhere" | "not kept";

/** The draft of a deployment: kept with every change, and the same in all tabs. */
export function useDraft(key: string): {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  /** Forgets what is kept where that is still the published draft, not one changed since; what is shown stays. */
  readonly forget: (published: Draft) => void;
  readonly news: DraftNews | undefined;
} {
  const [draft, setDraft] = useState(() => readDraft(key));
  // A change builds on the one before it, also where nothing was rendered between them.
  const latest = useRef(draft);
  const [news, setNews] = useState<DraftNews>();
  useEffect(() => {
    const follow = ({ key: changed, newValue }: StorageEvent): void => {
      if (changed !== key) return;
      if (newValue !== null) {
        latest.current = parseDraft(newValue);
        setDraft(latest.current);
      }
      setNews(newValue === null ? "gone elsewhere" : "changed elsewhere");
    };
    window.addEventListener("storage", follow);
    return () => window.removeEventListener("storage", follow);
  }, [key]);
  return {
    draft,
    change: (part) => {
      latest.current = { ...latest.current, ...part };
      setDraft(latest.current);
      setNews(storeDraft(key, latest.current) ? undefined : "not kept");
    },
    forget: (published) => {
      if (JSON.stringify(readDraft(key)) === JSON.stringify(published)) storeDraft(key, undefined);
    },
    news,
  };
}
