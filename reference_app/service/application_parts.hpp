#pragma once

#include "admin_desk.hpp"
#include "admin_gate.hpp"
#include "booking_desk.hpp"
#include "booking_directory.hpp"
#include "exam_activation.hpp"
#include "exam_desk.hpp"
#include "exam_directory.hpp"
#include "student_directory.hpp"
#include "sync_endpoints.hpp"
#include "webhook_endpoint.hpp"

namespace service {

/// Whom the application asks. They outlive it.
struct ApplicationParts {
    StudentDirectory& students;
    ExamDirectory& exams;
    BookingDirectory& bookings;
    BookingDesk& booking_desk;
    AdminDesk& admin_desk;
    AdminGate& gate;
    ExamDesk& exam_desk;
    ExamActivation& activation;
    WebhookEndpoint& webhooks;
    SyncEndpoints& sync;
};

} // namespace service
