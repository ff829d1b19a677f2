\set ECHO none
-- A statement that is refused, with SQLSTATE, message, detail and hint.
CREATE FUNCTION refused(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text;
BEGIN
  EXECUTE command;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN format(E'%s: %s\n  %s\n  %s', SQLSTATE, m, d, h);
END
$$;
\set ECHO all
