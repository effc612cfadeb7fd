export interface Slope {
  /** Growth of the fitted line over the whole time. */
  growth: number;
  mean: number;
}

/** Fits a line through values taken at equal distances. */
export function fitLine(values: readonly number[]): Slope {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const middle = (n - 1) / 2;
  const covariance = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const variance = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return { growth: variance === 0 ? 0 : (covariance / variance) * (n - 1), mean };
}
