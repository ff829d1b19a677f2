#pragma once

namespace phisync::tags {

// Makes phisync known to SECURITY LABEL in this process. Its check refuses what does not parse,
// does not fit the column, or stands on something else than a column, a table, a view or a schema,
// and sends a relcache invalidation for every relation whose effective tags may change.
void RegisterProvider();

}  // namespace phisync::tags
