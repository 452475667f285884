#pragma once

#include <memory>
#include <utility>

namespace understudy::postgres::detail {

// Held by the handler of a statement that calls wait for. Destroyed uncalled (the io_context goes away), it lets go of
// everything that waits, which may hold the owner in turn.
template<class Owner>
class Lease {
public:
    explicit Lease(std::shared_ptr<Owner> owner)
        : owner_{std::move(owner)} {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (owner_)
            owner_->abandon();
    }
    std::shared_ptr<Owner> take() { return std::move(owner_); }

private:
    std::shared_ptr<Owner> owner_;
};

} // namespace understudy::postgres::detail
