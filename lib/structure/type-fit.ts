/**
 * Decides whether a column of the subscriber takes every value that the provider's column can hold, as text. Equal types do, and so do
 * types that are clearly wider. A type that only may fit does not count: it would fail later, in the middle of the night.
 */

import { keepsValues } from '../value-fit.ts';
import type { Column } from './structure.ts';

const wider: Record<string, string[]> = {
  smallint: ['integer', 'bigint', 'numeric'],
  integer: ['bigint', 'numeric'],
  bigint: ['numeric'],
  real: ['double precision'],
  'character varying': ['text'],
  text: ['character varying'],
};

const textual = ['text', 'character varying'];

interface Parsed {
  /** The type's name, without modifier and array brackets. */
  name: string;
  modifier: number[];
  dimensions: string;
}

/** `timestamp(3) with time zone[]` → name `timestamp with time zone`, modifier 3, dimensions `[]`. */
function parse(type: string): Parsed {
  const [, head = type, modifier, tail = '', dimensions = ''] =
    /^([^("]+)(?:\(([\d,-]+)\))?([^[("]*)((?:\[\])*)$/.exec(type) ?? [];
  return {
    name: `${head}${tail}`.replaceAll(/(\[\])+$/g, '').trim(),
    modifier: modifier ? modifier.split(',').map(Number) : [],
    dimensions: dimensions || (/(\[\])+$/.exec(type)?.[0] ?? ''),
  };
}

export function takesValuesOf(provider: Column, subscriber: Column): boolean {
  if (!labelsFit(provider, subscriber) || !keepsValues(provider.stored, subscriber.stored)) return false;
  if (provider.extensionType !== null && provider.extensionType === subscriber.extensionType)
    return provider.typmod === subscriber.typmod || subscriber.typmod === -1;
  if (provider.type === subscriber.type) return true;
  const [from, to] = [parse(provider.baseType), parse(subscriber.baseType)];
  if (subscriber.type !== subscriber.baseType && provider.type !== provider.baseType) return false;
  if (subscriber.type !== subscriber.baseType) return false;
  if (from.dimensions !== to.dimensions) return false;
  if (provider.labels !== null && subscriber.labels !== null) return true;
  if (provider.labels !== null && from.dimensions === '')
    return textual.includes(to.name) && to.modifier.length === 0;
  if (from.name === to.name) return modifierFits(from, to);
  if (!wider[from.name]?.includes(to.name)) return false;
  if (to.name === 'numeric') return to.modifier.length === 0;
  return to.modifier.length === 0 || (textual.includes(to.name) && modifierFits(from, to));
}

/** An enum takes the values of another enum if it has all of its labels. */
function labelsFit(provider: Column, subscriber: Column): boolean {
  if (provider.labels === null || subscriber.labels === null) return true;
  return provider.labels.every((label) => subscriber.labels?.includes(label));
}

/**
 * A type without a modifier takes all values. Otherwise the modifier must be at least as large, and numeric must keep the digits on both
 * sides of the point.
 */
function modifierFits(from: Parsed, to: Parsed): boolean {
  if (to.modifier.length === 0) return to.name !== 'character' && to.name !== 'bit';
  const [fromSize, fromScale = 0] = from.modifier;
  const [toSize = 0, toScale = 0] = to.modifier;
  if (fromSize === undefined) return false;
  if (to.name === 'numeric') return toScale >= fromScale && toSize - toScale >= fromSize - fromScale;
  if (to.name === 'character' || to.name === 'bit') return fromSize === toSize;
  return toSize >= fromSize;
}
