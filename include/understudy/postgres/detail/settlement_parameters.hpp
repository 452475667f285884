#pragma once

#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/table.hpp>
#include <understudy/settlement.hpp>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// The parameters of `SettleSql::settle`, filled settlement by settlement.
template<Mirrored R>
class SettlementParameters {
    template<class Descriptor>
    using is_key = boost::mp11::mp_bool<understudy::detail::same_member<Descriptor::pointer, RecordTraits<R>::key>()>;
    using Columns = boost::mp11::mp_remove_if<understudy::detail::described_members<R>, is_key>;

    // The values of a member, and for which settlements they are written.
    template<class Descriptor>
    struct Column {
        ArrayBuilder<std::remove_cvref_t<decltype(std::declval<R>().*Descriptor::pointer)>> values;
        ArrayBuilder<bool> written;
    };
    // What a settlement wrote, by the names of indexes.
    struct Values {
        ArrayBuilder<std::int64_t> numbers;
        ArrayBuilder<std::string> kinds;
        ArrayBuilder<std::string> values;

        void finish(Parameters& parameters) && {
            parameters.add(std::move(numbers)).add(std::move(kinds)).add(std::move(values));
        }
    };

public:
    void add(const Settlement<R>& settlement) {
        ++number_;
        keys_.add(settlement.key);
        actions_.add(static_cast<std::int16_t>(settlement.action));
        tickets_.add(static_cast<std::int64_t>(settlement.ticket));
        versions_.add(static_cast<std::int64_t>(settlement.version));
        complete_.add(settlement.complete);
        const bool updates = settlement.action == WriteAction::update;
        R record = settlement.action == WriteAction::create ? settlement.record : R{};
        if (updates)
            settlement.patch.apply_to(record);
        boost::mp11::mp_for_each<boost::mp11::mp_iota<boost::mp11::mp_size<Columns>>>([&](auto i) {
            constexpr auto pointer = boost::mp11::mp_at<Columns, decltype(i)>::pointer;
            auto& column = std::get<i>(columns_);
            const bool written = !updates || settlement.patch.template has<pointer>();
            column.written.add(written);
            if (written && settlement.action != WriteAction::archive)
                column.values.add(record.*pointer);
            else
                column.values.add_null();
        });
        if (settlement.action != WriteAction::archive) {
            add_values<Indexes>(noted_, settlement, record);
            add_values<Relations>(sets_, settlement, record);
        }
    }

    Parameters finish() && {
        Parameters parameters;
        parameters.add(std::move(keys_)).add(std::move(actions_)).add(std::move(tickets_)).add(std::move(versions_));
        parameters.add(std::move(complete_));
        std::apply(
            [&](auto&... column) {
                (parameters.add(std::move(column.values)), ...);
                (parameters.add(std::move(column.written)), ...);
            },
            columns_);
        if constexpr (!boost::mp11::mp_empty<Indexes>::value)
            std::move(noted_).finish(parameters);
        if constexpr (!boost::mp11::mp_empty<Relations>::value)
            std::move(sets_).finish(parameters);
        return parameters;
    }

private:
    using Indexes = typename table_indexes<R>::type;
    using Relations = typename table_relations<R>::type;

    // Of an update the values that its patch alone makes: those of an index that takes them from several members are
    // its own only as far as the other members add nothing.
    template<class List>
    void add_values(Values& all, const Settlement<R>& settlement, const R& record) {
        boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, List>>([&](auto tag) {
            using By = typename decltype(tag)::type;
            const bool updates = settlement.action == WriteAction::update;
            if constexpr (
                requires { settlement.patch.template has<By::member>(); } && !requires { By::values(record); })
                if (updates && !settlement.patch.template has<By::member>())
                    return;
            const auto add = [&](const std::string& text) {
                all.numbers.add(number_);
                all.kinds.add(kind_of<By>());
                all.values.add(text);
            };
            if constexpr (understudy::detail::is_whole<By>) {
                if (!updates)
                    add({});
            } else {
                const R nothing{};
                for_each_value<By>(record, [&](const typename By::value_type& value) {
                    if constexpr (requires { By::values(record); })
                        if (updates && answers_to<By>(nothing, value))
                            return;
                    add(note_text(value));
                });
            }
        });
    }

    std::int64_t number_ = 0;
    ArrayBuilder<key_t<R>> keys_;
    ArrayBuilder<std::int16_t> actions_;
    ArrayBuilder<std::int64_t> tickets_;
    ArrayBuilder<std::int64_t> versions_;
    ArrayBuilder<bool> complete_;
    boost::mp11::mp_rename<boost::mp11::mp_transform<Column, Columns>, std::tuple> columns_;
    Values noted_;
    Values sets_;
};

} // namespace understudy::postgres::detail
