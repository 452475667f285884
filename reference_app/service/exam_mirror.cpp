#include "exam_mirror.hpp"

#include "cached_exam_reader.hpp"
#include "exam_stores.hpp"
#include "stacked_mirror.hpp"

namespace service {
namespace {

understudy::hubspot::ObjectParams<MockExam> exams_at(const SourceTypes& types) {
    understudy::hubspot::ObjectParams<MockExam> params;
    params.object_type = types.exams;
    auto& required = params.link<&MockExam::prerequisite_exam_ids>();
    required.to = types.exams;
    required.type_id = types.exam_requires_exam;
    return params;
}

class StackedExams final : public StackedMirror<MockExam, ExamMirror> {
public:
    explicit StackedExams(const MirrorParts& parts)
        : StackedMirror{parts, exams_at(parts.types)}
        , reader_{cache()} {}

    ExamReader& reader() override { return reader_; }

private:
    CachedExamReader<Cache> reader_;
};

} // namespace

std::unique_ptr<ExamMirror> mirror_exams(const MirrorParts& parts) {
    return std::make_unique<StackedExams>(parts);
}

} // namespace service
