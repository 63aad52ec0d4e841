/**
 * The f that a rule still reckons with after updates were disqualified (malformed, not finite): each uses up one Byzantine
 * member. n - d usable updates with f - d left satisfy a rule's bound whenever n with f do.
 */
export function remainingByzantineBound(byzantineBound: number, disqualified: number): number {
  return Math.max(0, byzantineBound - disqualified);
}
