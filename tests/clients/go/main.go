// Uses the API with the client that openapi-generator generates from the OpenAPI 3.0 document: signs in, reads lists,
// creates a partnership, and reads a problem. Takes the URL of a server with demo data.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"vku/client"
)

func must[T any](value T, answer any, err error) T {
	if err != nil {
		log.Fatalf("%v %v", err, answer)
	}
	return value
}

func utility(role client.ParticipantRole, slug string) client.ParticipantInput {
	party := client.NewPartyInput()
	party.SetUtility(slug)
	return *client.NewParticipantInput(*party, role)
}

func main() {
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: os.Args[1]}}
	api, ctx := client.NewAPIClient(configuration), context.Background()
	credentials := *client.NewCredentials("coordinator@demo.example", "demo-partnerships")
	tokens, answer, err := api.AuthAPI.CreateAccessToken(ctx).Credentials(credentials).Execute()
	ctx = context.WithValue(ctx, client.ContextAccessToken, must(tokens, answer, err).AccessToken)

	partnerships, answer, err := api.PartnershipsAPI.ListPartnerships(ctx).Limit(200).Execute()
	partnerships = must(partnerships, answer, err)
	sessions, answer, err := api.SessionsAPI.ListSessions(ctx).Limit(200).Execute()
	sessions = must(sessions, answer, err)
	programmes, answer, err := api.FundingProgrammesAPI.ListFundingProgrammes(ctx).Limit(200).Execute()
	programmes = must(programmes, answer, err)
	if len(partnerships.Items) == 0 || len(sessions.Items) == 0 || len(programmes.Items) == 0 {
		log.Fatal("the demo data is not there")
	}

	participants := []client.ParticipantInput{
		utility(client.PARTICIPANTROLE_LEAD, "hamburg-wasser"), utility(client.PARTICIPANTROLE_PARTNER, "lvivvodokanal"),
	}
	body := client.NewPartnershipInput("Made by a Go client", participants, []client.Sector{client.SECTOR_WATER})
	made, answer, err := api.PartnershipsAPI.CreatePartnership(ctx).PartnershipInput(*body).Execute()
	made = must(made, answer, err)
	if lead := made.Participants[0].Party.Utility; lead == nil || lead.Slug != "hamburg-wasser" {
		log.Fatalf("another lead: %v", lead)
	}
	_, refused, err := api.PartnershipsAPI.CreatePartnership(ctx).PartnershipInput(*client.NewPartnershipInputWithDefaults()).Execute()
	if err == nil || refused.StatusCode != 422 {
		log.Fatalf("a partnership without title and participants: %v %v", refused, err)
	}
	fmt.Printf("Go: %d partnerships, %d sessions, %d programmes read, one partnership created\n",
		len(partnerships.Items), len(sessions.Items), len(programmes.Items))
}
