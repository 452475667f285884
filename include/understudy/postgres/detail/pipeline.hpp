#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// The requests that are out on one connection in libpq's pipeline mode, and what each answer means for them.
//
// What is sent between two syncs is one transaction of the server: if one statement in it fails, all are undone. So a
// request is done when its sync has come back and not before; those that share a sync with one that failed are sent
// again, each alone. A request is some commands that prepare statements, whose answers nobody wants, and then those
// that execute them.
//
// `Item` is movable; `Answer` is what libpq returned for one command.
template<class Item, class Answer>
class Pipeline {
public:
    struct Done {
        Item item;
        // Of each command that executed something; of one that failed, up to and with the failure.
        std::vector<Answer> answers;
    };
    struct Finished {
        std::vector<Done> done;
        std::vector<Item> again;
    };

    bool empty() const noexcept { return groups_.empty(); }
    // Requests out.
    std::size_t size() const noexcept { return size_; }

    // Whether the answer that is due is of a command that prepares.
    bool preparing() const {
        const Group& group = groups_.front();
        return group.at < group.slots.size() && group.slots[group.at].prepares > 0;
    }

    // One request was sent, as so many commands; `sync` after the last of its group.
    void sent(Item item, std::size_t prepares, std::size_t executes) {
        if (!open_) {
            groups_.emplace_back();
            open_ = true;
        }
        groups_.back().slots.push_back({std::move(item), prepares, executes, {}, false});
        ++size_;
    }
    void synced() { open_ = false; }

    // A command was answered. `aborted`: the server skipped it, for one before it in its group failed.
    void answered(Answer answer, bool failed, bool aborted) {
        Group& group = groups_.front();
        if (group.at == group.slots.size()) {
            // The commit itself failed.
            group.failed = group.failed || failed;
            group.commit = std::move(answer);
            return;
        }
        Slot& slot = group.slots[group.at];
        const bool preparing = slot.prepares > 0;
        --(preparing ? slot.prepares : slot.executes);
        if (failed && !aborted) {
            slot.failed = true;
            group.failed = true;
        }
        if (!aborted && (failed || !preparing))
            slot.answers.push_back(std::move(answer));
        if (slot.prepares + slot.executes == 0)
            ++group.at;
    }

    // The sync of the first group came back.
    Finished finished() {
        Group group = std::move(groups_.front());
        groups_.pop_front();
        if (groups_.empty())
            open_ = false;
        size_ -= group.slots.size();
        Finished out;
        const bool alone = group.slots.size() == 1;
        for (Slot& slot : group.slots) {
            if (group.failed && !slot.failed && !alone) {
                out.again.push_back(std::move(slot.item));
                continue;
            }
            if (group.failed && !slot.failed)
                slot.answers.push_back(std::move(group.commit));
            out.done.push_back({std::move(slot.item), std::move(slot.answers)});
        }
        return out;
    }

    // The connection broke: everything that was out, in order.
    std::vector<Item> lost() {
        std::vector<Item> items;
        for (Group& group : groups_) {
            for (Slot& slot : group.slots)
                items.push_back(std::move(slot.item));
        }
        groups_.clear();
        size_ = 0;
        open_ = false;
        return items;
    }

private:
    struct Slot {
        Item item;
        std::size_t prepares;
        std::size_t executes;
        std::vector<Answer> answers;
        bool failed;
    };
    struct Group {
        std::vector<Slot> slots;
        std::size_t at = 0;
        bool failed = false;
        Answer commit{};
    };

    std::deque<Group> groups_;
    std::size_t size_ = 0;
    bool open_ = false;
};

} // namespace understudy::postgres::detail
