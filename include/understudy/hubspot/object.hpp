#pragma once

#include <understudy/observation.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace understudy::hubspot {

/// A record as HubSpot sends it. Ids are decimal numbers of any length, kept as texts.
struct Object {
    std::string id;
    /// Texts and nulls, as a rule; nothing is checked yet.
    boost::json::object properties{};
    /// From the top-level `updatedAt`.
    Version version = no_version;
    bool archived = false;
    /// The values that a property has had, the newest first, by its name; only if they were asked for.
    std::map<std::string, std::vector<std::string>, std::less<>> history{};
    /// In the answer of a write: which of its inputs this is about, if the server says so.
    std::string trace{};
};

/// What to return of each record, and by which property it is asked for.
struct ReadQuery {
    std::vector<std::string> properties{};
    /// A property with unique values by which the inputs are meant; empty for ids.
    std::string id_property{};
    /// A property whose history is to be returned as well; a batch may then have 50 inputs.
    std::string history_of{};
    /// Whether to read the archived records instead of the others.
    bool archived = false;
};

/// Where to begin a list, and how much of it.
struct ListQuery {
    std::vector<std::string> properties{};
    int limit = 100;
    /// From the page before; empty for the first.
    std::string after{};
};

/// What one entry of a batch answer's `errors` says; it may be about many inputs.
struct BatchError {
    /// Success means that these inputs are simply not there.
    boost::system::error_code error{};
    std::vector<std::string> ids{};
    /// The server's words, for logs.
    std::string category{};
    std::string message{};
    /// The inputs of a write that it is about; see `WriteInput::trace`.
    std::vector<std::string> traces{};
    /// The record that has the unique value already.
    std::string existing_id{};
};

/// The answer of a batch read: in no order, not necessarily complete, and under other ids than asked for where records
/// were merged.
struct BatchAnswer {
    std::vector<Object> objects{};
    std::vector<BatchError> errors{};
};

/// A page of a list or a search.
struct Page {
    std::vector<Object> objects{};
    /// Where the next page begins; nothing on the last one. Opaque for lists, an offset for searches.
    std::optional<std::string> after{};
    /// Of a search: how many the index has, rows that no longer exist included. 0 for lists.
    std::int64_t total = 0;
};

/// A way in which two records are connected.
struct AssociationType {
    std::string category{};
    std::int64_t type_id = 0;
    std::optional<std::string> label{};
};

struct Association {
    std::string to_id{};
    std::vector<AssociationType> types{};
};

/// The records connected with one record.
struct Associations {
    std::string from_id{};
    std::vector<Association> to{};
    std::optional<std::string> after{};
};

/// The answer of a batch read of associations: inputs without any are not in it, or in `errors` with success.
struct AssociationsAnswer {
    std::vector<Associations> results{};
    std::vector<BatchError> errors{};
};

/// Two records that are connected, or are to be, or not any more.
struct Connection {
    std::string from_id{};
    std::string to_id{};
};

/// The answer of a batch that connects records: in no order, and not necessarily complete.
struct ConnectionsAnswer {
    std::vector<Connection> made{};
    std::vector<BatchError> errors{};
};

/// A connection to be made with a new record.
struct NewAssociation {
    std::string to_id{};
    std::string category{};
    std::int64_t type_id = 0;
};

/// One row of a batch that writes.
struct WriteInput {
    /// Empty for a record that is to be made.
    std::string id{};
    boost::json::object properties{};
    /// Of a record that is to be made.
    std::vector<NewAssociation> associations{};
    /// What the answer calls the row; different for each row of a batch. Without it one bad row refuses all.
    std::string trace{};
};

/// The answer of a batch that writes: in no order, and not necessarily complete. The objects hold what was changed.
struct WriteAnswer {
    std::vector<Object> objects{};
    std::vector<BatchError> errors{};
    /// Beside the error of a call: the record that has the unique value already.
    std::string existing_id{};
};

struct PropertyDefinition {
    std::string name{};
    /// `string`, `number`, `date`, `datetime`, `bool`, `enumeration`, ...
    std::string type{};
    bool has_unique_value = false;
    bool calculated = false;
    bool read_only = false;
};

/// Whose data the token reads.
struct Account {
    std::int64_t portal_id = 0;
    std::string time_zone{};
};

} // namespace understudy::hubspot
