#include "support/customer.hpp"
#include "support/purchase.hpp"

#include <understudy/observation.hpp>
#include <understudy/partial.hpp>
#include <understudy/patch.hpp>

using tests::Customer;
using understudy::Observation;
using understudy::Partial;
using understudy::Patch;

void store(const Customer&);
void send(const Patch<Customer>&);

void test() {
    Partial<Customer> partial;
    Patch<Customer> patch;
    Customer record;
    Observation<Customer> observation;
    store(record);
    send(patch);
#ifdef CASE_PARTIAL_AS_RECORD
    record = partial;
#endif
#ifdef CASE_PARTIAL_AS_OBSERVATION
    observation.record = partial;
#endif
#ifdef CASE_PATCH_AS_RECORD
    record = patch;
#endif
#ifdef CASE_RECORD_AS_PATCH
    send(record);
#endif
#ifdef CASE_PATCH_OF_KEY
    patch.set<&Customer::id>("17");
#endif
#ifdef CASE_PATCH_OF_READ_ONLY
    patch.set<&Customer::number>("N1");
#endif
#ifdef CASE_PATCH_OF_LINK
    Patch<tests::Purchase>{}.set<&tests::Purchase::customer_id>("k1");
#endif
#ifdef CASE_LINKS_OF_PROPERTY
    understudy::Links<tests::Purchase>{}.set<&tests::Purchase::request>("one");
#endif
#ifdef CASE_LINKS_AS_PATCH
    Patch<tests::Purchase> wrong = tests::owner("k1");
#endif
#ifdef CASE_RECORD_WITHOUT_TRAITS
    struct Plain {
        int id;
    };
    Partial<Plain> none;
#endif
}
