#pragma once

#include <understudy/hubspot/error_detail.hpp>
#include <understudy/hubspot/object.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::hubspot::detail {

using PropertyNames = std::set<std::string, std::less<>>;
/// Null beside an error.
using SharedNames = std::shared_ptr<const PropertyNames>;

/// Where a machine wants the answer of a call; empty beside an error.
template<class Result>
using Answer = std::function<void(error_code, Result)>;

// The calls that the machines ask for. They are about the store's own type where no other is named.

struct ReadBatch {
    std::vector<std::string> inputs;
    ReadQuery query;
    Answer<BatchAnswer> answer;
    /// Empty for the store's own.
    std::string type{};
};

struct ReadOne {
    std::string input;
    ReadQuery query;
    Answer<std::optional<Object>> answer;
    std::string type{};
};

struct ReadDefinitions {
    Answer<SharedNames> answer;
};

struct ReadPage {
    ListQuery query;
    Answer<Page> answer;
};

struct ReadAssociations {
    std::string from;
    std::string to;
    std::vector<std::string> inputs;
    Answer<AssociationsAnswer> answer;
};

struct ReadAssociationPage {
    std::string from;
    std::string to;
    std::string id;
    std::string after;
    Answer<std::optional<Associations>> answer;
};

struct Search {
    std::string body;
    Answer<Page> answer;
};

enum class Writing : std::uint8_t { update, create, archive };

struct WriteBatch {
    Writing what;
    std::vector<WriteInput> inputs;
    Answer<WriteAnswer> answer;
};

struct Connect {
    /// Or ends what connects them.
    bool connect;
    std::string to;
    AssociationType type;
    std::vector<Connection> pairs;
    Answer<ConnectionsAnswer> answer;
};

using AnyCall = std::variant<ReadBatch, ReadOne, ReadDefinitions, ReadPage, ReadAssociations, ReadAssociationPage,
                             Search, WriteBatch, Connect>;

/// What an entry of a batch's answer is in the logs.
inline ErrorDetail problem_of(const BatchError& entry, error_code error) {
    ErrorDetail problem;
    problem.error = error;
    problem.reason = "the batch's answer names a failure";
    problem.category = entry.category;
    problem.message = entry.message;
    problem.existing_id = entry.existing_id;
    return problem;
}

/// Decides which calls an operation makes, and what their answers mean. Knows no I/O: a driver makes every call that
/// `next` gives, several at once, and hands over the answers in whatever order they come. When `next` gives nothing and
/// no answer is outstanding, the operation is done.
class Machine {
public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    virtual ~Machine() = default;

    /// A call to make now; nothing if there is none until another answer has come.
    virtual std::optional<AnyCall> next() = 0;

    /// What it does, for the logs.
    virtual std::string_view verb() const noexcept { return "read"; }

    /// What was wrong with single records since the last call, for the logs.
    virtual std::vector<ErrorDetail> take_problems() { return std::exchange(problems_, {}); }

protected:
    std::vector<ErrorDetail> problems_;
};

} // namespace understudy::hubspot::detail
