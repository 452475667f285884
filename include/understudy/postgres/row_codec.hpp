#pragma once

#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/result.hpp>
#include <understudy/postgres/table.hpp>
#include <understudy/row.hpp>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace understudy::postgres {

/// Turns records and observations into array parameters, one array a column, and result rows into rows of a replica.
template<Mirrored R>
class RowCodec {
    template<class Descriptor>
    using is_key = boost::mp11::mp_bool<understudy::detail::same_member<Descriptor::pointer, RecordTraits<R>::key>()>;
    // Every member but the key, in the order of description.
    using Columns = boost::mp11::mp_remove_if<understudy::detail::described_members<R>, is_key>;

    template<class Descriptor>
    using Member = std::remove_cvref_t<decltype(std::declval<R>().*Descriptor::pointer)>;
    template<class Descriptor>
    using Builder = ArrayBuilder<Member<Descriptor>>;

public:
    /// The parameters of the apply statement, filled observation by observation.
    class Observations {
    public:
        /// `waited`: time since the observation was handed over.
        void add(const Observation<R>& observation, std::chrono::milliseconds waited) {
            keys_.add(observation.key);
            tickets_.add(static_cast<std::int64_t>(observation.ticket));
            versions_.add(static_cast<std::int64_t>(observation.version));
            states_.add(static_cast<std::int16_t>(observation.state));
            if (observation.state == State::merged)
                survivors_.add(observation.merged_into);
            else
                survivors_.add_null();
            elapsed_.add(std::int64_t{(observation.elapsed + waited).count()});
            confirm_.add(observation.confirm);
            const bool live = observation.state == State::live;
            boost::mp11::mp_for_each<boost::mp11::mp_iota<boost::mp11::mp_size<Columns>>>([&](auto i) {
                using Descriptor = boost::mp11::mp_at<Columns, decltype(i)>;
                if (live)
                    std::get<i>(columns_).add(observation.record.*Descriptor::pointer);
                else
                    std::get<i>(columns_).add_null();
            });
            if (live) {
                boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Indexes>>([&](auto tag) {
                    using By = typename decltype(tag)::type;
                    for_each_value<By>(observation.record, [&](const auto& value) {
                        note_keys_.add(observation.key);
                        note_kinds_.add(detail::kind_of<By>());
                        note_values_.add(detail::note_text(value));
                    });
                });
            }
        }

        Parameters finish() && {
            Parameters parameters;
            parameters.add(std::move(keys_))
                .add(std::move(tickets_))
                .add(std::move(versions_))
                .add(std::move(states_))
                .add(std::move(survivors_))
                .add(std::move(elapsed_))
                .add(std::move(confirm_));
            std::apply([&](auto&... column) { (parameters.add(std::move(column)), ...); }, columns_);
            if constexpr (!boost::mp11::mp_empty<Indexes>::value)
                parameters.add(std::move(note_keys_)).add(std::move(note_kinds_)).add(std::move(note_values_));
            return parameters;
        }

    private:
        using Indexes = typename detail::table_indexes<R>::type;

        ArrayBuilder<key_t<R>> keys_;
        ArrayBuilder<std::int64_t> tickets_;
        ArrayBuilder<std::int64_t> versions_;
        ArrayBuilder<std::int16_t> states_;
        ArrayBuilder<key_t<R>> survivors_;
        ArrayBuilder<std::int64_t> elapsed_;
        ArrayBuilder<bool> confirm_;
        boost::mp11::mp_rename<boost::mp11::mp_transform<Builder, Columns>, std::tuple> columns_;
        ArrayBuilder<key_t<R>> note_keys_;
        ArrayBuilder<std::string> note_kinds_;
        ArrayBuilder<std::string> note_values_;
    };

    /// How many columns `decode` reads: drawn, number, id, state, mark, ticket, version, merged_into, age in ms, as_of,
    /// and the record's.
    static constexpr std::size_t width = 10 + boost::mp11::mp_size<Columns>::value;

    /// Reads a row of a look-up statement; false if it has another shape. A key that the table does not have leaves
    /// `row` as it was.
    static bool decode(const Result& result, std::size_t at, Row<R>& row) {
        std::optional<key_t<R>> id;
        std::optional<std::int16_t> state;
        std::optional<std::int16_t> mark;
        std::optional<std::int64_t> ticket;
        std::optional<std::int64_t> version;
        std::optional<key_t<R>> merged_into;
        std::optional<std::int64_t> age;
        std::optional<std::int64_t> as_of;
        if (!result.get(at, 2, id) || !result.get(at, 3, state) || !result.get(at, 4, mark) ||
            !result.get(at, 5, ticket) || !result.get(at, 6, version) || !result.get(at, 7, merged_into) ||
            !result.get(at, 8, age) || !result.get(at, 9, as_of))
            return false;
        if (!state)
            return true;
        if (*state < 0 || *state > static_cast<int>(State::erased) || !mark || *mark < 0 ||
            *mark > static_cast<int>(Mark::dirty) || !ticket)
            return false;
        row.state = static_cast<State>(*state);
        row.mark = static_cast<Mark>(*mark);
        row.ticket = static_cast<Ticket>(*ticket);
        row.as_of = static_cast<Ticket>(as_of.value_or(0));
        row.version = static_cast<Version>(version.value_or(0));
        row.age = std::chrono::milliseconds{std::max<std::int64_t>(age.value_or(0), 0)};
        if (id)
            row.id = *id;
        if (merged_into)
            row.merged_into = std::move(*merged_into);
        if (row.state != State::live)
            return true;
        row.record.*RecordTraits<R>::key = row.id;
        bool good = id.has_value();
        std::size_t column = width - boost::mp11::mp_size<Columns>::value;
        boost::mp11::mp_for_each<Columns>([&](auto descriptor) {
            good = good && result.get(at, column, row.record.*descriptor.pointer);
            ++column;
        });
        return good;
    }
};

} // namespace understudy::postgres
