/** Types that databases define themselves, and values of these, of arrays and of ranges. */
import { of, type TypeValues } from './typed-values.ts';

/** Types that the values need. On both sides, before the tables; `since` is the first version of PostgreSQL that has them. */
export const typeDefinitions: [since: number, sql: string][] = [
  [
    10,
    `create schema "Odd types";
     create type public.mood as enum ('sad', 'it''s \\ "ok"', 'hä, {?}', 'NULL', '');
     create type public.inner_pair as (a int, "B ""b""" text);
     create type "Odd types"."outer" as (pair public.inner_pair, pairs public.inner_pair[], at timestamptz, span interval, raw bytea, f float8, m mood);
     create domain public.positive as int check (value > 0);
     create domain public.more_positive as positive check (value > 10);
     create domain public.short_list as int[] check (cardinality(value) < 5);
     create domain public.code as varchar(5) collate "C" check (value ~ '^[a-z]*$');
     create domain public.document as json;
     create domain public.binary_document as jsonb check (jsonb_typeof(value) <> 'none');
     create domain public.percent as numeric(5,2);
     create type public.float_range as range (subtype = float8, subtype_diff = float8mi);
     create type public.text_range as range (subtype = text, collation = "C");
     create type public.own_json as enum ('one', 'two');
     create function public.own_json_to_json(own_json) returns json language sql immutable as $$ select json_build_object('lie', 1) $$;
     create cast (own_json as json) with function public.own_json_to_json(own_json);
     create type public.cast_pair as (x int, y text);
     create function public.cast_pair_to_json(cast_pair) returns json language sql immutable as $$ select '"other"'::json $$;
     create cast (cast_pair as json) with function public.cast_pair_to_json(cast_pair);`,
  ],
  [
    11,
    `create domain public.checked_pair as inner_pair check ((value).a is null or (value).a <> 13); create domain public.moods as mood[]`,
  ],
];

/** As a superuser, on both sides: a base type, and one with its own cast to json, without C. */
export const baseTypes = `
  create type public.label;
  create function public.label_in(cstring) returns label language internal immutable strict as 'textin';
  create function public.label_out(label) returns cstring language internal immutable strict as 'textout';
  create type public.label (input = public.label_in, output = public.label_out, like = text);
  create function public.label_to_json(label) returns json language sql immutable as $$ select '{"b":1,"a":2}'::json $$;
  create cast (label as json) with function public.label_to_json(label);
  create cast (text as label) without function;`;

/** Values of arrays, ranges, and the types above. */
export const composedValues: TypeValues[] = [
  of('int4[]', [
    '{}',
    '{NULL}',
    '{1,NULL,3}',
    '{{1,2},{3,4}}',
    '[0:1]={1,2}',
    '[-5:-4][2:3]={{1,2},{3,NULL}}',
    '{{{1}}}',
  ]),
  of('bool[]', ['{t,f,NULL}', '{}']),
  of('text[]', [
    '{"",NULL,"NULL","a b","a,b","{}","\\\\","\\"","☃"}',
    '[2:2]={x}',
    '{}',
    '{{a,b},{c,"d\n"}}',
  ]),
  of('bytea[]', ["=array['\\x00ff'::bytea, ''::bytea, null]", '{}']),
  of('float8[]', ['{NaN,Infinity,-0,5e-324,0.1}', '{}']),
  of('numeric[]', ['{NaN,1.50,1e-20}']),
  of('timestamptz[]', ['{infinity,"2020-01-02 03:04:05.6+00",NULL,"0044-03-15 00:00:00+00 BC"}']),
  of('date[]', ['{infinity,2020-01-02,"0044-03-15 BC"}']),
  of('interval[]', ['{"1 mon -1 day","-00:00:01"}']),
  of('money[]', ['{"-1.5","1000"}']),
  of('char(3)[]', ['{a,"b  ",NULL,"\\"  "}']),
  of('uuid[]', ['{00000000-0000-0000-0000-000000000000}']),
  of('xml[]', ['=array[\'<a b="1"/>\'::xml, null]']),
  of('mood', ['sad', 'it\'s \\ "ok"', 'hä, {?}', 'NULL', '']),
  of('mood[]', ['{sad,"NULL",NULL,"it\'s \\\\ \\"ok\\"",""}', '{}']),
  of('inner_pair', ['(,)', '(1,)', '(,"")', '(-5,"a ""b"" \\\\ , ( ) ☃")', "=row(null, 'NULL')::inner_pair"]),
  of('inner_pair[]', ['{}', '{NULL,"(,)","(1,\\"x y\\")"}', '{{"(1,a)","(2,b)"},{"(3,c)",NULL}}']),
  of('"Odd types"."outer"', [
    '(,,,,,,)',
    `=row(row(1, 'x "y"')::inner_pair, array[row(null, null), null, row(2, '')]::inner_pair[], '2020-12-03 00:00+00', '1 mon -1 day -00:00:01', decode('00ff', 'hex'), 0.1, 'hä, {?}')::"Odd types"."outer"`,
  ]),
  of('"Odd types"."outer"[]', [
    `=array[row(null, null, 'infinity', '-1 day', '', 'NaN', null)::"Odd types"."outer", null]`,
  ]),
  of('positive', ['1', '2147483647']),
  of('more_positive', ['11']),
  of('positive[]', ['{1,NULL,3}', '[5:6]={1,2}'], 11),
  of('short_list', ['{}', '{1,2,NULL}', '[0:1]={1,2}', '{{1},{2}}']),
  of('code', ['', 'abc']),
  of('percent', ['1.50', '-999.99', 'NaN']),
  of('checked_pair', ['(,)', '(1,x)'], 11),
  of('checked_pair[]', ['{"(1,x)",NULL}'], 11),
  of('moods', ['{sad,"NULL"}', '{}'], 11),
  of('own_json', ['one', 'two']),
  of('own_json[]', ['{one,NULL}']),
  of('cast_pair', ['(1,x)', '(,)']),
  of('label', ['plain', 'a "b" \\ {', '']),
  of('int4range', ['empty', '(,)', '[1,10)', '[-2147483648,5)']),
  of('int8range', ['[1,9223372036854775807)']),
  of('numrange', ['[1.50,2.0]', '(,1e-20)', '[NaN,NaN]']),
  of('float_range', ['[0.1,0.30000000000000004)', '[-Infinity,NaN]']),
  of('text_range', ['["",a)', '["a,b","c ""d""")', '["[","\\\\")']),
  of('int4range[]', ['{"[1,2)",empty,NULL,"(,)"}']),
  of('int4multirange', ['{}', '{[1,3),[5,)}'], 14),
  of(
    'tstzmultirange',
    ['{["2020-01-01 00:00:00+00","2020-02-01 00:00:00+00"),["2021-01-01 00:00:00+00",infinity)}'],
    14,
  ),
  of('nummultirange[]', ['{"{[1.50,2.0]}",NULL,"{}"}'], 14),
];
