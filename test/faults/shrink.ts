import { playCampaign } from './play.ts';
import type { Campaign } from './schedule.ts';
import type { FaultServers } from './servers.ts';

/** The time for which a failing schedule may be shortened. */
const PATIENCE_MS = Number(process.env.PGTIDE_FAULTS_SHRINK_SECONDS ?? 120) * 1000;

/** Leaves out acts as long as the rest still fails: halves first, then ever smaller pieces. Returns the numbers of the rest. */
export async function shrink(
  servers: FaultServers,
  campaign: Campaign,
  failing: number[],
): Promise<number[]> {
  const until = Date.now() + PATIENCE_MS;
  let left = failing;
  for (let piece = Math.ceil(left.length / 2); piece >= 1; piece = piece > 1 ? Math.ceil(piece / 2) : 0) {
    for (let from = 0; from < left.length && Date.now() < until; ) {
      const fewer = left.filter((_, at) => at < from || at >= from + piece);
      const acts = fewer.map((nr) => campaign.acts[nr]).filter((act) => act !== undefined);
      const { problems } = await playCampaign(servers, campaign, acts);
      if (problems.length > 0) left = fewer;
      else from += piece;
    }
  }
  return left;
}
