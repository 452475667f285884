#pragma once

#include "booking_mirror.hpp"
#include "contact_mirror.hpp"
#include "exam_mirror.hpp"
#include "hint_desk.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace service {

/// Hints at rows and sets of the replica, each type in a transaction of its own; when all are marked, `marked` is
/// called, so that they are read without delay. The mirrors outlive it and what it has begun.
class MirrorHints final : public HintDesk {
public:
    MirrorHints(boost::asio::any_io_executor executor, ContactMirror& contacts, ExamMirror& exams,
                BookingMirror& bookings, std::function<void()> marked)
        : executor_{std::move(executor)}
        , contacts_{contacts}
        , exams_{exams}
        , bookings_{bookings}
        , marked_{std::move(marked)} {}

    void hint(Hints hints, std::chrono::milliseconds timeout, Done done) override {
        auto call = std::make_shared<Call>(executor_, marked_, std::move(done));
        call->timer.expires_after(timeout);
        call->timer.async_wait([call](understudy::error_code error) {
            if (!error)
                call->finish(understudy::Errc::deadline_exceeded);
        });
        contacts_.hint(std::move(hints.contacts), call->part());
        exams_.hint(std::move(hints.exams), call->part());
        bookings_.hint(std::move(hints.bookings), call->part());
        bookings_.hint_links(std::move(hints.links_to_contacts), std::move(hints.links_to_exams), call->part());
    }

private:
    struct Call : std::enable_shared_from_this<Call> {
        Call(const boost::asio::any_io_executor& executor, std::function<void()> told, Done answer)
            : timer{executor}
            , marked{std::move(told)}
            , done{std::move(answer)} {}

        // Handlers run after the call that starts them, so all parts are counted by then.
        Done part() {
            ++open;
            return [self = shared_from_this()](understudy::error_code error) {
                if (--self->open == 0 || error)
                    self->finish(error);
            };
        }
        void finish(understudy::error_code error) {
            if (!done)
                return;
            timer.cancel();
            if (!error)
                marked();
            std::exchange(done, nullptr)(error);
        }

        boost::asio::steady_timer timer;
        std::function<void()> marked;
        Done done;
        int open = 0;
    };

    boost::asio::any_io_executor executor_;
    ContactMirror& contacts_;
    ExamMirror& exams_;
    BookingMirror& bookings_;
    std::function<void()> marked_;
};

} // namespace service
