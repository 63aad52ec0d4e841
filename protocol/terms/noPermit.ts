import { ZeroHash } from "ethers";

/** The deadline 0 says that there is no permit: the token was approved in a transaction. */
export const NO_PERMIT = { deadline: 0n, v: 0, r: ZeroHash, s: ZeroHash } as const;
