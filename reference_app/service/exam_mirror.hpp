#pragma once

#include "exam_reader.hpp"
#include "mock_exam.hpp"
#include "record_mirror.hpp"

#include <memory>

namespace service {

struct MirrorParts;

class ExamMirror : public RecordMirror<MockExam> {
public:
    virtual ExamReader& reader() = 0;
};

std::unique_ptr<ExamMirror> mirror_exams(const MirrorParts& parts);

} // namespace service
