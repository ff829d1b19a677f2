-- Definitions follow DDL on the tables that their data queries read. A dropped table or column takes a data query with it
-- only by CASCADE; what would silently break one is refused.
CREATE FUNCTION phisync.follow_alter() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_follow_alter';
COMMENT ON FUNCTION phisync.follow_alter() IS
'Rewrites data queries whose columns are renamed, gives new partitions the replica identity that buckets need, tells consumers of changes of columns and partitions, and refuses, with 55000 or what create_bucket would raise, what takes a type, a replica identity or the log away that a bucket needs. Used by the event trigger phisync_follow_alter. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.follow_alter() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_follow_alter ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'ALTER TYPE') EXECUTE FUNCTION phisync.follow_alter();
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_alter IS
'Makes definitions of buckets follow ALTER TABLE and new partitions';

CREATE FUNCTION phisync.follow_drop() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_follow_drop';
COMMENT ON FUNCTION phisync.follow_drop() IS
'Refuses, with 2BP01, to drop a table or column that a data query names, unless by CASCADE: then the data query goes, the bucket with its last one, and consumers are told that the rows leave. Refuses, with 55000, to drop a primary key or replica identity that a bucket needs. Used by the event trigger phisync_follow_drop. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.follow_drop() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_follow_drop ON sql_drop EXECUTE FUNCTION phisync.follow_drop();
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_drop IS
'Makes definitions of buckets follow DROP, however it comes about';

CREATE FUNCTION phisync.guard_drop() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_guard_drop';
COMMENT ON FUNCTION phisync.guard_drop() IS
'Refuses, with 55000, DROP INDEX CONCURRENTLY of a replica identity that a bucket needs: at the end of that statement it is too late. Used by the event trigger phisync_guard_drop. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.guard_drop() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_guard_drop ON ddl_command_start WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION phisync.guard_drop();
ALTER EVENT TRIGGER phisync_guard_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_guard_drop IS
'Keeps replica identities of buckets from DROP INDEX CONCURRENTLY';
