import { useState } from "react";
import type { ReactElement } from "react";
import { isAddress } from "viem";
import { EXAMPLE_QUESTIONS, addressQuestion } from "@concordat/audit/index/questions";
import { TextField } from "#ui/Field.tsx";
import { Card } from "#ui/parts.tsx";

/** All but the question about one address, which has a field of its own. */
const QUESTIONS = EXAMPLE_QUESTIONS.filter(({ sql }) => !sql.includes("WHERE address = "));

/** What the configured index is good for: questions that are ready to be asked, and all transactions of an address. */
export function IndexOffer({ url }: { readonly url: string }): ReactElement {
  const [address, setAddress] = useState("");
  const isGiven = isAddress(address.trim(), { strict: false });
  return (
    <Card
      title="Ask the index"
      aside={
        <a className="button button-small" href={url} target="_blank" rel="noreferrer">
          Ask in SQL
        </a>
      }
      note={`${new URL(url).host} keeps all events in one SQLite file, which you can take home, and answers questions in SQL. It says what its endpoint said; what this page recomputes, it reads from the chain itself.`}
    >
      <ul className="questions">
        {QUESTIONS.map(({ title, sql }) => (
          <li key={title}>
            <a href={questionLink(url, sql)} target="_blank" rel="noreferrer">
              {title}
            </a>
          </li>
        ))}
      </ul>
      <div className="ask-address">
        <TextField
          label="All transactions of an address"
          placeholder="0x…"
          value={address}
          onChange={({ target }) => setAddress(target.value)}
          error={address === "" || isGiven ? undefined : "An address has 0x and 40 digits."}
        />
        {isGiven && (
          <a
            className="button"
            href={questionLink(url, addressQuestion(address.trim()))}
            target="_blank"
            rel="noreferrer"
          >
            Ask for its transactions
          </a>
        )}
      </div>
    </Card>
  );
}

function questionLink(url: string, sql: string): string {
  return `${url}/#${new URLSearchParams({ sql }).toString()}`;
}
