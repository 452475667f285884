#pragma once

#include "exam_directory.hpp"

#include <string>
#include <utility>

/// One exam that is on offer, and one capacity, by default; anything else when told to. Remembers the last question.
class ScriptedExams final : public service::ExamDirectory {
public:
    ScriptedExams() {
        service::ExamsOnOffer found;
        found.exams.push_back(clinic());
        found.provenance.from_replica = true;
        available_result = std::move(found);
        service::ExamCapacity capacity;
        capacity.mock_exam_id = "501";
        capacity.places = *clinic().places;
        capacity.provenance.from_replica = true;
        capacity_result = std::move(capacity);
    }

    static service::ExamOnOffer clinic() {
        using namespace std::chrono;
        using namespace std::chrono_literals;
        service::ExamOnOffer exam;
        exam.mock_exam_id = "501";
        exam.mock_type = service::MockType::clinical_skills;
        exam.exam_date = 2026y / December / 5;
        exam.start_time = sys_days{exam.exam_date} + 14h;
        exam.end_time = sys_days{exam.exam_date} + 17h + 30min;
        exam.location = "Mississauga";
        exam.capacity = 12;
        exam.places = service::Places{12, 4};
        return exam;
    }

    void available(service::AvailableQuestion asked, AvailableHandler handler) override {
        ++asks;
        question = asked;
        handler(available_result);
    }
    void capacity(std::string id, CapacityHandler handler) override {
        ++asks;
        exam_id = std::move(id);
        handler(capacity_result);
    }

    service::AvailableResult available_result;
    service::CapacityResult capacity_result;
    service::AvailableQuestion question;
    std::string exam_id;
    int asks = 0;
};
