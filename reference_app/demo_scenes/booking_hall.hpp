#pragma once

#include "scenery.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace demo {

/// Where students book: makes exams, finds students who can pay, and looks up what became of them at both ends.
class BookingHall {
public:
    /// What a student has of one exam's bookings, and how many credits.
    struct Holding {
        std::size_t bookings = 0; ///< active ones
        std::int64_t credits = 0;
        bool operator==(const Holding&) const = default;
    };

    explicit BookingHall(Scenery& scenery)
        : scenery_{scenery} {}

    /// What a booking here is paid with.
    static const std::string& credit_field();

    /// A new exam, on a day on which nobody has another one.
    std::string open_exam(std::size_t capacity);
    /// Seeded students with credits, none of whom had been here before.
    std::vector<Student> students(std::size_t count);
    /// Has everything that bookings rest on read into the replica. Throws if that fails.
    void warm(const std::vector<Student>& students, const std::string& exam, int address);

    static Question booking_of(const Student& student, const std::string& exam, const std::string& key = {});
    static Question cancellation_of(const Student& student, const std::string& booking);

    /// By contact.
    std::map<std::string, Holding> at_source(const std::vector<Student>& students, const std::string& exam);
    std::map<std::string, Holding> in_replica(const std::vector<Student>& students, const std::string& exam);

private:
    Scenery& scenery_;
    std::size_t next_student_ = 500; // who comes before was in other scenes
    int next_day_ = 200;             // after the last seeded exam
};

} // namespace demo
