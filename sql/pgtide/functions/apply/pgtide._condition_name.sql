-- pgtide._condition_name(i_state)
--
-- Adds to a SQLSTATE the name that PostgreSQL's documentation gives it.
--
-- Returns: text, for example '23505 unique_violation'; the state alone when it is not one that rows can cause
-- Writes: nothing
--
-- lib/db/conditions.ts has all of them.
create or replace function pgtide._condition_name(i_state text)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(' ', i_state, (select c.name from (values
        ('0A000', 'feature_not_supported'), ('20000', 'case_not_found'), ('21000', 'cardinality_violation'),
        ('22000', 'data_exception'), ('22001', 'string_data_right_truncation'), ('22003', 'numeric_value_out_of_range'),
        ('22004', 'null_value_not_allowed'), ('22007', 'invalid_datetime_format'), ('22008', 'datetime_field_overflow'),
        ('22009', 'invalid_time_zone_displacement_value'), ('22011', 'substring_error'), ('22012', 'division_by_zero'),
        ('22015', 'interval_field_overflow'), ('2201B', 'invalid_regular_expression'), ('2201E', 'invalid_argument_for_logarithm'),
        ('2201F', 'invalid_argument_for_power_function'), ('22021', 'character_not_in_repertoire'),
        ('22023', 'invalid_parameter_value'), ('22025', 'invalid_escape_sequence'), ('22026', 'string_data_length_mismatch'),
        ('2202E', 'array_subscript_error'), ('22P02', 'invalid_text_representation'),
        ('22P03', 'invalid_binary_representation'), ('22P04', 'bad_copy_file_format'), ('22P05', 'untranslatable_character'),
        ('2200H', 'sequence_generator_limit_exceeded'), ('2200M', 'invalid_xml_document'), ('2200N', 'invalid_xml_content'),
        ('23000', 'integrity_constraint_violation'), ('23001', 'restrict_violation'), ('23502', 'not_null_violation'),
        ('23503', 'foreign_key_violation'), ('23505', 'unique_violation'), ('23514', 'check_violation'),
        ('23P01', 'exclusion_violation'), ('27000', 'triggered_data_change_violation'), ('428C9', 'generated_always'),
        ('42501', 'insufficient_privilege'), ('42703', 'undefined_column'), ('42704', 'undefined_object'),
        ('42804', 'datatype_mismatch'), ('42846', 'cannot_coerce'), ('42883', 'undefined_function'),
        ('42P01', 'undefined_table'), ('42P16', 'invalid_table_definition'),
        ('44000', 'with_check_option_violation'), ('54000', 'program_limit_exceeded'), ('54001', 'statement_too_complex'),
        ('P0000', 'plpgsql_error'), ('P0001', 'raise_exception'), ('P0002', 'no_data_found'), ('P0003', 'too_many_rows'),
        ('P0004', 'assert_failure')) c (state, name) where c.state = i_state));
$$;
