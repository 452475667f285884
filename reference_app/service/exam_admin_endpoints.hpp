#pragma once

#include "exam_activation.hpp"
#include "exam_desk.hpp"
#include "exam_directory.hpp"
#include "http_message.hpp"
#include "local_calendar.hpp"
#include "wall_clock.hpp"

#include <functional>
#include <string_view>

namespace service {

/// What admins write of exams and of what students hold, once the gate let them in. Outlives the requests that it was
/// given.
class ExamAdminEndpoints {
public:
    using Now = std::function<understudy::Timestamp()>;

    ExamAdminEndpoints(ExamDesk& desk, ExamDirectory& exams, ExamActivation& activation,
                       LocalCalendar calendar = LocalCalendar{}, Now now = &wall_clock_now);

    void create(const Request& request, Respond respond);
    void change(std::string_view id, std::string_view body, Respond respond);
    void remove(std::string_view id, Respond respond);
    void set_tokens(std::string_view contact_id, std::string_view body, Respond respond);
    void activate(Respond respond);

private:
    ExamDesk& desk_;
    ExamDirectory& exams_;
    ExamActivation& activation_;
    LocalCalendar calendar_;
    Now now_;
};

} // namespace service
