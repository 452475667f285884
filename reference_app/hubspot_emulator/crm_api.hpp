#pragma once

#include "call.hpp"
#include "object_writer.hpp"
#include "store.hpp"
#include "value_codec.hpp"

namespace hubspot_emulator {

/// The calls under `/crm`, over one store. Every function throws `ApiError` where HubSpot refuses.
class CrmApi {
public:
    explicit CrmApi(Store& store)
        : store_(store) {}

    Response perform(const Call& call, const Request& request, const ReadShape& shape, Millis now);

private:
    struct Context {
        const Call& call;
        const Request& request;
        const ReadShape& shape;
        Millis now;
    };

    // one record
    Response read(const Context& context);
    Response list(const Context& context);
    Response create(const Context& context);
    Response update(const Context& context);
    Response archive(const Context& context);
    Response merge(const Context& context);
    Response gdpr_delete(const Context& context);
    Response search_records(const Context& context);

    // many records
    Response batch_read(const Context& context);
    Response batch_create(const Context& context);
    Response batch_update(const Context& context);
    Response batch_upsert(const Context& context);
    Response batch_archive(const Context& context);

    // associations
    Response association_list(const Context& context);
    Response association_put(const Context& context, bool plain);
    Response association_delete(const Context& context);
    Response association_batch_read(const Context& context);
    Response association_batch_create(const Context& context, bool plain);
    Response association_batch_archive(const Context& context, bool labels);
    Response association_labels(const Context& context);

    // definitions
    Response property_list(const Context& context);
    Response property_read(const Context& context);
    Response property_create(const Context& context);
    Response property_update(const Context& context);
    Response property_archive(const Context& context);
    Response property_batch_read(const Context& context);
    Response schema_list(const Context& context);
    Response schema_read(const Context& context);
    Response account(const Context& context);

    TypeIndex type_at(const Call& call, std::size_t argument) const;
    /// The record of an id, or of a unique property's value; null when there is none.
    Record* resolve(TypeIndex type, const std::string& id, const std::optional<std::string>& id_property);
    /// As `resolve`, but throws the 404 that fits.
    Record& require(TypeIndex type, const std::string& id, const std::optional<std::string>& id_property = {});
    PropertyId unique_property(TypeIndex type, const std::string& name) const;
    /// What a write would take from another record; `self` is the one that is written.
    std::optional<ApiError> conflict(TypeIndex type, const Changes& changes, const Record* self);
    Values new_values(TypeIndex type, const boost::json::object& properties, Changes& changes) const;
    void associate_inline(TypeIndex type, Record* record, const boost::json::object& input, Millis now);
    /// Shuffles the results of a batch, and drops those that a fault takes.
    void arrange(const Context& context, std::vector<std::string>& results);
    std::string write_answer(TypeIndex type, const Record& record, const Changes& changes, bool created) const;

    Store& store_;
};

/// `{"status":"COMPLETE","results":[..],...}`; with errors also `numErrors` and `errors`, and the status 207.
Response batch_response(int status, std::vector<std::string> results, const boost::json::array& errors, Millis now);

/// `inputs` of a batch: a list of at most `limit` objects.
std::vector<boost::json::object> batch_inputs(const boost::json::object& body, std::size_t limit);

/// A string member; numbers are taken as their digits. Throws when it is missing.
std::string text_member(const boost::json::object& object, std::string_view key);
std::optional<std::string> optional_text(const boost::json::object& object, std::string_view key);

} // namespace hubspot_emulator
