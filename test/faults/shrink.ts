import { playCampaign } from './play.ts';
import type { Campaign } from './schedule.ts';
import type { FaultServers } from './servers.ts';

/** How long a failing schedule may be made shorter. */
const PATIENCE_MS = Number(process.env.PGTIDE_FAULTS_SHRINK_SECONDS ?? 120) * 1000;

/** Leaves acts out as long as what is left still fails: halves first, then ever smaller pieces. Returns the numbers of those left. */
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
