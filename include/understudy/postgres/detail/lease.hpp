#pragma once

#include <memory>
#include <utility>

namespace understudy::postgres::detail {

// Held by a handler that calls of the owner wait for. Destroyed uncalled (the io_context goes away), it lets go of all
// of them, which may hold the owner in turn.
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
