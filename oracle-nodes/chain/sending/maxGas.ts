/** What one transaction may use at most (EIP-7825). */
export const MAX_GAS = 16_777_216n;
