#include "router.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

BOOST_AUTO_TEST_SUITE(router_suite)

BOOST_AUTO_TEST_CASE(paths_and_methods_lead_to_endpoints) {
    struct Row {
        Method method;
        std::string_view path;
        bool known;
        std::optional<Endpoint> endpoint;
        std::string_view id = {};
    };
    const Row rows[] = {
        {Method::post, "/api/user/login", true, Endpoint::login},
        {Method::get, "/api/user/login", true, std::nullopt},
        {Method::post, "/api/mock-exams/validate-credits", true, Endpoint::validate_exam_credits},
        {Method::post, "/api/mock-discussions/validate-credits", true, Endpoint::validate_discussion_credits},
        {Method::post, "/api/webhooks/hubspot", true, Endpoint::hubspot_webhook},
        {Method::get, "/api/webhooks/hubspot", true, std::nullopt},
        {Method::get, "/api/health", true, Endpoint::health},
        {Method::head, "/api/health", true, Endpoint::health},
        {Method::get, "/livez", true, Endpoint::livez},
        {Method::get, "/readyz", true, Endpoint::readyz},
        {Method::get, "/metrics", true, Endpoint::metrics},
        {Method::delete_, "/metrics", true, std::nullopt},
        {Method::head, "/api/user/login", true, std::nullopt},
        {Method::other, "/livez", true, std::nullopt},
        {Method::get, "/api/mock-exams/available", true, Endpoint::exams_on_offer},
        {Method::get, "/api/mock-discussions/available", true, Endpoint::discussions_on_offer},
        {Method::head, "/api/mock-exams/available", true, Endpoint::exams_on_offer},
        {Method::post, "/api/mock-exams/available", true, std::nullopt},
        {Method::get, "/api/mock-exams/12/capacity", true, Endpoint::exam_capacity, "12"},
        {Method::get, "/api/mock-exams/available/capacity", true, Endpoint::exam_capacity, "available"},
        {Method::get, "/api/mock-exams//capacity", false, std::nullopt},
        {Method::get, "/api/mock-exams/capacity", false, std::nullopt},
        {Method::get, "/api/mock-exams/1/2/capacity", false, std::nullopt},
        {Method::get, "/api/mock-exams/12", false, std::nullopt},
        {Method::get, "/api/bookings/list", true, Endpoint::list_bookings},
        {Method::get, "/api/bookings/12", true, Endpoint::get_booking, "12"},
        {Method::get, "/api/bookings/lists", true, Endpoint::get_booking, "lists"},
        {Method::get, "/api/bookings/:id", true, Endpoint::get_booking, ":id"},
        {Method::delete_, "/api/bookings/12", true, Endpoint::cancel_booking, "12"},
        {Method::delete_, "/api/bookings/list", true, std::nullopt},
        {Method::delete_, "/api/bookings/create", true, std::nullopt},
        {Method::post, "/api/bookings/create", true, Endpoint::create_booking},
        {Method::get, "/api/bookings/create", true, std::nullopt},
        {Method::post, "/api/bookings/batch-cancel", true, Endpoint::batch_cancel_bookings},
        {Method::post, "/api/bookings/12", true, std::nullopt},
        {Method::post, "/api/mock-discussions/create-booking", true, Endpoint::book_discussion},
        {Method::put, "/api/user/update-ndecc-date", true, Endpoint::update_exam_date},
        {Method::post, "/api/user/update-ndecc-date", true, std::nullopt},
        {Method::put, "/api/bookings/12", true, std::nullopt},
        {Method::put, "/api/bookings/list", true, std::nullopt},
        {Method::get, "/api/bookings/", false, std::nullopt},
        {Method::get, "/api/bookings/12/", false, std::nullopt},
        {Method::get, "/api/bookings/12/list", false, std::nullopt},
        {Method::post, "/api/admin/bookings/create", true, Endpoint::create_booking_as_admin},
        {Method::post, "/api/admin/bookings/batch-cancel", true, Endpoint::cancel_bookings_as_admin},
        {Method::get, "/api/admin/bookings/12", false, std::nullopt},
        {Method::patch, "/api/admin/mock-exams/12/cancel-bookings", true, Endpoint::cancel_bookings_of_exam, "12"},
        {Method::post, "/api/admin/mock-exams/12/cancel-bookings", true, std::nullopt},
        {Method::post, "/api/admin/mock-exams/12/attendance", true, Endpoint::mark_attendance, "12"},
        {Method::post, "/api/admin/mock-exams/create", true, Endpoint::create_exam},
        {Method::delete_, "/api/admin/mock-exams/create", true, std::nullopt},
        {Method::patch, "/api/admin/mock-exams/12", true, Endpoint::edit_exam, "12"},
        {Method::delete_, "/api/admin/mock-exams/12", true, Endpoint::delete_exam, "12"},
        {Method::get, "/api/admin/mock-exams/12", true, std::nullopt},
        {Method::patch, "/api/admin/trainees/12/tokens", true, Endpoint::set_tokens, "12"},
        {Method::patch, "/api/admin/trainees/12", false, std::nullopt},
        {Method::post, "/api/admin/cron/activate-scheduled-exams", true, Endpoint::activate_exams},
        {Method::get, "/api/admin/cron/activate-scheduled-exams", true, Endpoint::activate_exams_by_get},
        {Method::get, "/", false, std::nullopt},
        {Method::post, "/api/user/login/", false, std::nullopt},
        {Method::post, "/API/user/login", false, std::nullopt},
    };
    for (const auto& row : rows) {
        const auto match = find_route(row.method, row.path);
        BOOST_TEST(match.known_path == row.known, row.path);
        BOOST_TEST((match.endpoint == row.endpoint), name_of(row.method) << ' ' << row.path);
        BOOST_TEST(match.id == row.id, row.path);
    }
}

BOOST_AUTO_TEST_CASE(a_path_says_what_it_allows) {
    BOOST_TEST(allowed_methods("/api/user/login") == "POST, OPTIONS");
    BOOST_TEST(allowed_methods("/livez") == "GET, HEAD, OPTIONS");
    BOOST_TEST(allowed_methods("/api/bookings/list") == "GET, HEAD, OPTIONS");
    BOOST_TEST(allowed_methods("/api/bookings/12") == "GET, HEAD, DELETE, OPTIONS");
    BOOST_TEST(allowed_methods("/api/mock-exams/x/capacity") == "GET, HEAD, OPTIONS");
}

BOOST_AUTO_TEST_CASE(only_probes_pass_the_rate_limit) {
    BOOST_TEST(is_probe(Endpoint::livez));
    BOOST_TEST(is_probe(Endpoint::readyz));
    BOOST_TEST(!is_probe(Endpoint::login));
    BOOST_TEST(!is_probe(Endpoint::validate_exam_credits));
}

BOOST_AUTO_TEST_SUITE_END()
