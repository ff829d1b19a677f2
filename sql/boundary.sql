-- Errors cross between C++ and the server unharmed, and no C++ object is left behind. The module is built for this test alone.
CREATE SCHEMA boundary;
DO $$
DECLARE
  f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['core_error', 'core_error_without_detail', 'backend_error', 'nested_error', 'out_of_memory_malloc',
    'out_of_memory_context', 'standard_exception', 'foreign_exception', 'context_restored'] LOOP
    EXECUTE format('CREATE FUNCTION boundary.%s() RETURNS void LANGUAGE c AS %L, %L', f, 'phisync_boundary', 'boundary_' || f);
  END LOOP;
END
$$;
CREATE FUNCTION boundary.alive() RETURNS int LANGUAGE c AS 'phisync_boundary', 'boundary_alive';
CREATE FUNCTION boundary.result(int) RETURNS int LANGUAGE c AS 'phisync_boundary', 'boundary_result';

-- An error of the core keeps its SQLSTATE, detail and hint.
\set SHOW_CONTEXT never
SELECT boundary.core_error();
SELECT boundary.core_error_without_detail();
-- The server's own error passes C++ frames unchanged.
SELECT boundary.backend_error();
SELECT boundary.nested_error();
-- Memory that runs out is the server's 53200, from malloc and from a memory context.
SELECT boundary.out_of_memory_malloc();
SELECT boundary.out_of_memory_context();
-- Whatever else is thrown is a bug, and reported as one.
SELECT boundary.standard_exception();
SELECT boundary.foreign_exception();
SELECT boundary.context_restored();
SELECT boundary.result(41);
-- SQLSTATEs, and that a subtransaction goes on after each of them.
DO $$
DECLARE
  f text;
  state text;
BEGIN
  FOREACH f IN ARRAY ARRAY['core_error', 'core_error_without_detail', 'backend_error', 'nested_error', 'out_of_memory_malloc',
    'out_of_memory_context', 'standard_exception', 'foreign_exception'] LOOP
    BEGIN
      EXECUTE format('SELECT boundary.%s()', f);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
      RAISE NOTICE '%: %', f, state;
    END;
  END LOOP;
END
$$;
SELECT boundary.alive() AS objects_left;
\set VERBOSITY terse
DROP SCHEMA boundary CASCADE;
