import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.*;
import org.openapitools.client.model.*;

/**
 * Uses the API with the client that openapi-generator generates from the OpenAPI 3.0 document: signs in, reads every
 * list, and creates a partnership. Takes the URL of a server with demo data, and the number of lists in the document.
 */
public final class Main {
    /** All APIs with lists. If one is missing, {@link #everyListIsRead} counts too few. */
    private static final List<Class<?>> APIS = List.of(
            ApiKeysApi.class, AuditApi.class, AuthApi.class, ChangesApi.class, FundingProgrammesApi.class, ImportsApi.class,
            InterestRegistrationsApi.class, MailsApi.class, MemberContactsApi.class, MembersApi.class,
            OrganisationsApi.class, PartnershipActivitiesApi.class, PartnershipDocumentsApi.class,
            PartnershipFundingApi.class, PartnershipResultsApi.class, PartnershipsApi.class, PolicyUpdatesApi.class,
            ReferenceApi.class, SessionAgendaApi.class, SessionGuestsApi.class, SessionMinutesApi.class,
            SessionRegistrationsApi.class, SessionsApi.class, TopicsApi.class, UsersApi.class, UtilitiesApi.class,
            WebhooksApi.class, WorkingAreasApi.class);

    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        Credentials credentials = new Credentials().email("admin@demo.example").password("demo-partnerships");
        String token = new AuthApi(client).createAccessToken(credentials).getAccessToken();
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));

        Map<String, Integer> rows = everyListIsRead(client, Integer.parseInt(arguments[1]));
        check(rows.get("listPartnerships") > 0 && rows.get("listSessions") > 0, "the demo has partnerships and sessions");
        check(rows.get("listFundingProgrammes") > 0 && rows.get("listPartnershipFunding") > 0, "the demo has funding");
        aPartnershipIsCreated(new PartnershipsApi(client));
        System.out.println("Java: " + rows.size() + " lists with "
                + rows.values().stream().mapToInt(Integer::intValue).sum() + " rows read, one partnership created");
    }

    /** Reads all pages of each list. Reads lists of parts under each parent. */
    private static Map<String, Integer> everyListIsRead(ApiClient client, int expected) throws Exception {
        Map<String, Integer> rows = new TreeMap<>();
        for (Class<?> api : APIS) {
            for (Method method : api.getMethods()) {
                boolean isList = method.getName().startsWith("list") && !method.getName().endsWith("WithHttpInfo");
                Class<?>[] types = method.getParameterTypes();
                boolean hasHeaders = types.length > 0 && types[types.length - 1] == Map.class;
                if (!isList || hasHeaders || Modifier.isStatic(method.getModifiers())) continue;
                Object instance = api.getConstructor(ApiClient.class).newInstance(client);
                int read = 0;
                for (String parent : parents(client, method.getName())) {
                    read += items(call(instance, method, parent)).size();
                }
                rows.put(method.getName(), read);
            }
        }
        check(rows.size() == expected, "the document has " + expected + " lists, read were " + rows.keySet());
        return rows;
    }

    /** The ids of the parents of a list of parts. A list of resources has no parents. */
    private static List<String> parents(ApiClient client, String list) throws ReflectiveOperationException {
        for (String parent : List.of("Partnership", "Session", "Member", "Webhook")) {
            Class<?> api = Map.of("Partnership", PartnershipsApi.class, "Session", SessionsApi.class, "Member", MembersApi.class,
                    "Webhook", WebhooksApi.class).get(parent);
            if (!list.startsWith("list" + parent) || list.equals("list" + parent + "s")) continue;
            List<String> ids = new ArrayList<>();
            Object instance = api.getConstructor(ApiClient.class).newInstance(client);
            for (Object it : items(call(instance, named(api, "list" + parent + "s"), null))) {
                ids.add(it.getClass().getMethod("getId").invoke(it).toString());
            }
            return ids;
        }
        return Collections.singletonList(null);
    }

    private static Method named(Class<?> api, String name) {
        for (Method method : api.getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            if (method.getName().equals(name) && types[types.length - 1] != Map.class) return method;
        }
        throw new IllegalStateException(name);
    }

    /** Calls a method with only the parent, which is the first parameter. */
    private static Object call(Object api, Method method, String parent) {
        Object[] arguments = new Object[method.getParameterCount()];
        if (parent != null) arguments[0] = method.getParameterTypes()[0] == UUID.class ? UUID.fromString(parent) : parent;
        try {
            return method.invoke(api, arguments);
        } catch (InvocationTargetException | IllegalAccessException error) {
            throw new IllegalStateException(method.getName() + " under " + parent, error.getCause());
        }
    }

    private static Collection<?> items(Object page) {
        try {
            return (Collection<?>) page.getClass().getMethod("getItems").invoke(page);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(page.getClass().getName(), error);
        }
    }

    private static void aPartnershipIsCreated(PartnershipsApi partnerships) throws ApiException {
        PartnershipInput body = new PartnershipInput()
                .title("Made by a Java client")
                .addParticipantsItem(new ParticipantInput().role(ParticipantRole.LEAD)
                        .party(new PartyInput().utility("hamburg-wasser")))
                .addParticipantsItem(new ParticipantInput().role(ParticipantRole.PARTNER)
                        .party(new PartyInput().utility("lvivvodokanal")))
                .addParticipantsItem(new ParticipantInput().role(ParticipantRole.SUPPORTING)
                        .party(new PartyInput().organisation("giz")))
                .addSectorsItem(Sector.WATER);
        Partnership made = partnerships.createPartnership(body, null, null);
        Partnership read = partnerships.getPartnership(made.getId().toString(), null, null, null, null);
        check(read.equals(made), "what was created is read as it was answered");
        Participant lead = read.getParticipants().get(0);
        check("hamburg-wasser".equals(lead.getParty().getUtility().getSlug()), "the lead is a utility");
        check("giz".equals(read.getParticipants().get(2).getParty().getOrganisation().getSlug()), "giz supports it");
        try {
            partnerships.createPartnership(new PartnershipInput().title("No participants"), null, null);
            throw new IllegalStateException("a partnership without participants was taken");
        } catch (ApiException refused) {
            check(refused.getCode() == 422 && refused.getResponseBody().contains("/participants"), refused.getMessage());
        }
    }

    private static void check(boolean fact, String otherwise) {
        if (!fact) throw new IllegalStateException("not so: " + otherwise);
    }
}
