/** A recovery as this browser proves it from the signed documents, whatever the page says. */
import type { ProvenRecovery, RecoveryRule } from '../recovery.ts';
import { recoveryRule, verifyRecoveries } from '../recovery.ts';
import { NotVerified, type Verified, verified } from './proven.ts';

export type VerifiedRecovery = Verified & { readonly rule: RecoveryRule; readonly recovery: ProvenRecovery };

/** The recovery with this hash, and everything else that is verified here. Throws `NotVerified` where nothing proves it. */
export async function verifiedRecovery(hash: string): Promise<VerifiedRecovery> {
  const who = await verified();
  const { recoveries } = await verifyRecoveries(who.documents, who.directory);
  const recovery = recoveries.find((each) => each.hash === hash);
  if (!recovery)
    throw new NotVerified(
      'No manager’s signature proves this recovery. Nothing was signed or opened. Tell your data protection officer.',
    );
  return { ...who, rule: recoveryRule(who.founding), recovery };
}
